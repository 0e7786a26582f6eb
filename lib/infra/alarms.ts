import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type CreateAlarmOptions,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';

export interface AlarmsProps {
  readonly table: ITableV2;
  readonly queues: Queues;
  readonly functions: Functions;
  readonly targets: readonly NetworkTargetGroup[];
  /** Logs in which the sweep may tell of damage. */
  readonly logs: Readonly<Record<string, ILogGroup>>;
  /** Logs that tell of outgoing mail which nobody has taken. */
  readonly sendingLogs: Readonly<Record<string, ILogGroup>>;
  readonly email: string;
}

/** What the log says when the sweep met damage and therefore deletes nothing (Rule 11). */
export const SWEEP_ALARM = 'the sweep met damage';

/** What the log says when a message of a script will never be sent (Rule 14). */
export const GIVEN_UP = 'outgoing mail given up';

const FIVE_MINUTES = Duration.minutes(5);

/** What a person has to look at, told to one topic. */
export class Alarms extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { enforceSSL: true });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [this.topic.topicArn],
      }),
    );
    if (props.email !== '') this.topic.addSubscription(new EmailSubscription(props.email));
    this.#queues(props.queues);
    this.#functions(props.functions);
    this.#gateways(props.targets);
    this.#table(props.table);
    this.#told(props);
  }

  #queues(queues: Queues): void {
    for (const [name, { queue, dead }] of Object.entries({
      Jobs: queues.jobs,
      Ingest: queues.ingest,
      Submit: queues.submit,
    })) {
      const waiting = dead.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: 'Maximum' });
      this.#above(`${name}Dead`, waiting, 0, 'Something failed ten times and was put aside.');
      const oldest = queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: 'Maximum' });
      this.#above(`${name}Late`, oldest, 3600, 'Something has been waiting for over an hour.');
    }
  }

  #functions(functions: Functions): void {
    for (const [name, lambda] of Object.entries(functions.all)) {
      const errors = lambda.metricErrors({ period: FIVE_MINUTES });
      this.#above(`${name}Errors`, errors, 0, `${name} ended with an error.`, { evaluationPeriods: 3 });
      const throttles = lambda.metricThrottles({ period: FIVE_MINUTES });
      this.#above(`${name}Throttles`, throttles, 0, `${name} was held back by the account's concurrency.`, {
        evaluationPeriods: 3,
      });
    }
    const runs = functions.expire.metricInvocations({ period: Duration.hours(6) });
    this.#alarm('ExpireSilent', runs, {
      alarmDescription: 'Nothing has expired or been swept for six hours.',
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  #gateways(targets: readonly NetworkTargetGroup[]): void {
    for (const [number, group] of targets.entries()) {
      const unhealthy = group.metrics.unHealthyHostCount({ period: Duration.minutes(1), statistic: 'Maximum' });
      this.#above(`Unhealthy${number}`, unhealthy, 0, 'A gateway does not answer.', { evaluationPeriods: 5 });
    }
  }

  #table(table: ITableV2): void {
    const dimensionsMap = { TableName: table.tableName };
    for (const metricName of ['ReadThrottleEvents', 'WriteThrottleEvents']) {
      const namespace = 'AWS/DynamoDB';
      const throttled = new Metric({ namespace, metricName, dimensionsMap, statistic: 'Sum', period: FIVE_MINUTES });
      this.#above(`Table${metricName}`, throttled, 100, 'The table holds requests back: a hot key, or a quota.');
    }
  }

  #told({ logs, sendingLogs }: AlarmsProps): void {
    for (const [name, log] of Object.entries(logs)) {
      const damage = this.#saying(`${name}Damage`, log, SWEEP_ALARM);
      this.#above(`${name}DamageFound`, damage, 0, 'The sweep met damage and keeps everything: run cirrus doctor.');
    }
    for (const [name, log] of Object.entries(sendingLogs)) {
      const unsent = this.#saying(`${name}Unsent`, log, GIVEN_UP);
      this.#above(`${name}GivenUp`, unsent, 0, 'Mail of a Sieve script was refused for good, or for 20 hours.');
    }
  }

  /** How often a log says this. */
  #saying(id: string, logGroup: ILogGroup, text: string): IMetric {
    const filter = new MetricFilter(this, id, {
      logGroup,
      filterPattern: FilterPattern.anyTerm(`"${text}"`),
      metricNamespace: 'Cirrus',
      metricName: `${id}-${this.node.addr}`,
    });
    return filter.metric({ period: FIVE_MINUTES, statistic: 'Sum' });
  }

  #above(
    id: string,
    metric: IMetric,
    threshold: number,
    alarmDescription: string,
    options: Partial<CreateAlarmOptions> = {},
  ): void {
    this.#alarm(id, metric, {
      alarmDescription,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...options,
    });
  }

  #alarm(id: string, metric: IMetric, options: CreateAlarmOptions): void {
    new Alarm(this, id, { metric, ...options }).addAlarmAction(new SnsAction(this.topic));
  }
}
