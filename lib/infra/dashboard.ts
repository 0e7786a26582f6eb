import { GraphWidget, type IMetric, Metric, Dashboard as Panel } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import type { NetworkLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { Queues } from './queues.ts';

export interface DashboardProps {
  readonly table: ITableV2;
  readonly queues: Queues;
  readonly functions: Functions;
  readonly service: FargateService;
  readonly loadBalancer: NetworkLoadBalancer;
}

/** One page: are gateways well, does mail wait, what does the store do and cost. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { functions, loadBalancer, queues, service, table } = props;
    const lambdas = Object.values(functions.all);
    const waiting = [queues.jobs, queues.ingest, queues.submit].flatMap(({ dead, queue }) => [
      queue.metricApproximateNumberOfMessagesVisible(),
      dead.metricApproximateNumberOfMessagesVisible(),
    ]);
    const units = (metricName: string): IMetric =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: table.tableName },
        statistic: 'Sum',
      });
    const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
    new Panel(this, 'Dashboard', {
      widgets: [
        [
          graph('Connections', [loadBalancer.metrics.activeFlowCount(), loadBalancer.metrics.newFlowCount()]),
          graph('Gateways: CPU and memory', [service.metricCpuUtilization(), service.metricMemoryUtilization()]),
          graph('Queues', waiting),
        ],
        [
          graph('Table: units', [units('ConsumedReadCapacityUnits'), units('ConsumedWriteCapacityUnits')]),
          graph(
            'Functions: runs and errors',
            lambdas.flatMap((each) => [each.metricInvocations(), each.metricErrors()]),
          ),
          graph(
            'Functions: time',
            lambdas.map((each) => each.metricDuration()),
          ),
        ],
      ],
    });
  }
}
