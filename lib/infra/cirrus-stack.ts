import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alarms, type AlarmsProps } from './alarms.ts';
import { Bucket } from './bucket.ts';
import { Dashboard } from './dashboard.ts';
import { homeEnvironment, sendingEnvironment } from './environment.ts';
import { Functions } from './functions.ts';
import { Gateway } from './gateway.ts';
import { InboundMail } from './inbound-mail.ts';
import { LoadBalancer } from './load-balancer.ts';
import { Network } from './network.ts';
import { Operators } from './operators.ts';
import { type CirrusProps, defaultProps } from './props.ts';
import { Queues } from './queues.ts';
import { Scaling } from './scaling.ts';
import { Schedules } from './schedules.ts';
import { Table } from './table.ts';

/** Everything on AWS. What holds mail is kept when the stack is deleted: the table and the bucket. */
export class CirrusStack extends Stack {
  constructor(scope: Construct, id: string, given: Partial<CirrusProps> = {}, stackProps: StackProps = {}) {
    super(scope, id, stackProps);
    const props: CirrusProps = { ...defaultProps, ...given };
    const { table } = new Table(this, 'Index', props);
    const { bucket } = new Bucket(this, 'Blobs', props);
    const queues = new Queues(this, 'Queues');
    const names = { region: this.region, table: table.tableName, bucket: bucket.bucketName };
    const environment = { ...homeEnvironment(names, props), ...sendingEnvironment(queues, props) };
    const shared = { table, bucket, queues, environment };
    const sendingDomain = props.smtpRelay === 'ses' ? props.domain : '';
    const functions = new Functions(this, 'Functions', { ...shared, sendingDomain, logDays: props.logDays });
    new Schedules(this, 'Schedules', { expire: functions.expire });
    if (props.ses) this.#receive(props.domain, bucket, queues);
    const network = new Network(this, 'Network', props);
    const deliver = props.delivery === 'lambda' ? functions.deliver : undefined;
    const gateway = new Gateway(this, 'Gateway', { ...shared, network, deliver, stack: props });
    const { service } = gateway;
    const { loadBalancer, targets } = new LoadBalancer(this, 'Front', { ...props, network, service });
    const [first] = targets;
    if (first === undefined) throw new Error('protocols: at least one is needed');
    new Scaling(this, 'Scaling', { ...props, service, loadBalancer, targets: first });
    const logs = { Expire: functions.expire.logGroup, Gateway: gateway.logGroup };
    const sendingLogs: AlarmsProps['sendingLogs'] =
      props.smtpRelay === 'off' ? {} : { Submit: functions.submit.logGroup };
    new Alarms(this, 'Alarms', { table, queues, functions, targets, logs, sendingLogs, email: props.alarmEmail });
    new Dashboard(this, 'Overview', { table, queues, functions, service, loadBalancer });
    const { policy } = new Operators(this, 'Operators', { table, bucket });
    new CfnOutput(this, 'OperatorPolicy', {
      value: policy.managedPolicyArn,
      description: 'Attach it to whoever runs cirrus user, import or doctor',
    });
    new CfnOutput(this, 'MailHost', {
      value: loadBalancer.loadBalancerDnsName,
      description: 'Point the CNAME of your mail host here',
    });
    new CfnOutput(this, 'Lmtp', { value: `${gateway.lmtpName}:2003`, description: 'LMTP for an MTA in the VPC' });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
  }

  #receive(domain: string, bucket: Bucket['bucket'], queues: Queues): void {
    const { ruleSet } = new InboundMail(this, 'Inbound', { domain, bucket, queue: queues.ingest.queue });
    new CfnOutput(this, 'ReceiptRules', {
      value: ruleSet.receiptRuleSetName,
      description: 'Make it the active one: aws ses set-active-receipt-rule-set --rule-set-name ...',
    });
  }
}
