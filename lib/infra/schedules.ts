import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';

export interface SchedulesProps {
  readonly expire: IFunction;
}

/** What happens by the clock. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { expire }: SchedulesProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    // The function and not each of its versions, which the construct of the CDK would allow.
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [expire.functionArn] }));
    new CfnSchedule(this, 'Expire', {
      description: 'Expiry, delayed expunge and delete, claims and the sweep',
      scheduleExpression: 'rate(1 hour)',
      flexibleTimeWindow: { mode: 'FLEXIBLE', maximumWindowInMinutes: 10 },
      target: {
        arn: expire.functionArn,
        roleArn: role.roleArn,
        input: JSON.stringify({ task: 'expire' }),
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 1800 },
      },
    });
  }
}
