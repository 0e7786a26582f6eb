import { readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { stack } from '../../bench/cost/usage.ts';
import { parseConfig } from '../../lib/base/config.ts';
import { GIVEN_UP, SWEEP_ALARM } from '../../lib/infra/alarms.ts';
import { CirrusStack } from '../../lib/infra/cirrus-stack.ts';
import { defaultProps } from '../../lib/infra/props.ts';
import * as keys from '../../lib/store/keys.ts';

/** Both shapes of the stack, synthesised once; a finding of cdk-nag that is not explained throws. */
let templates: readonly Template[];

beforeAll(() => {
  const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const both = [
    new CirrusStack(app, 'Plain'),
    new CirrusStack(app, 'Full', {
      ses: true,
      domain: 'example.org',
      delivery: 'lambda',
      smtpRelay: 'ses',
      subnets: 'private',
      certificate: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-abcdef',
      alarmEmail: 'postmaster@example.org',
      restoredTable: 'cirrus-of-yesterday',
    }),
  ];
  app.synth();
  templates = both.map((each) => Template.fromStack(each));
});

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const fromPairs = (pairs: readonly { Name: string; Value: unknown }[]): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ Name, Value }) => [Name, Value]));

/** What CloudFormation fills in is some text. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'resolved');

describe('the stack', () => {
  it('keeps the table and the bucket, and what they were', () => {
    for (const template of templates) {
      template.hasResource('AWS::DynamoDB::GlobalTable', {
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          BillingMode: 'PAY_PER_REQUEST',
          TimeToLiveSpecification: { AttributeName: 'x', Enabled: true },
          Replicas: [
            Match.objectLike({
              DeletionProtectionEnabled: true,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
            }),
          ],
        },
      });
      template.hasResource('AWS::S3::Bucket', {
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          VersioningConfiguration: { Status: 'Enabled' },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          LifecycleConfiguration: {
            Rules: [
              Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 37 } }),
              Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }),
              // Rule 15: what is delivered, and what nobody has taken.
              Match.objectLike({
                Prefix: 'ses/',
                TagFilters: [{ Key: 'cirrus', Value: 'processed' }],
                ExpirationInDays: 2,
              }),
              Match.objectLike({ Prefix: 'ses/', ExpirationInDays: 14 }),
            ],
          },
        },
      });
    }
  });

  it('keeps old versions of objects at least as long as the table can go back', () => {
    for (const template of templates) {
      const [table] = Object.values(template.findResources('AWS::DynamoDB::GlobalTable'));
      const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
      const days = table?.Properties.Replicas[0].PointInTimeRecoverySpecification.RecoveryPeriodInDays;
      const kept = bucket?.Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays;
      expect(days).toBe(35);
      expect(kept).toBeGreaterThanOrEqual(days);
    }
  });

  it('serves the table that was restored, and keeps its own', () => {
    const [, full] = templates;
    full?.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
    full?.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([{ Name: 'CIRRUS_AWS_TABLE', Value: 'cirrus-of-yesterday' }]),
        }),
      ],
    });
    const [own] = Object.keys(full?.findResources('AWS::DynamoDB::GlobalTable') ?? {});
    const policies = full?.findResources('AWS::IAM::Policy') ?? {};
    const text = JSON.stringify(policies);
    expect(text).toContain('table/cirrus-of-yesterday');
    expect(text).not.toContain(own);
  });

  it('gives every queue a dead letter queue and six times the time of its function', () => {
    for (const template of templates) {
      const queues = Object.values(template.findResources('AWS::SQS::Queue'));
      const working = queues.filter(({ Properties }) => Properties.RedrivePolicy !== undefined);
      expect([queues.length, working.length]).toEqual([6, 3]);
      for (const { Properties } of working) expect(Properties.VisibilityTimeout).toBe(6 * 300);
      template.resourceCountIs('AWS::Lambda::EventSourceMapping', 3);
      template.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      });
    }
  });

  it('listens on TCP and shows gateways who the client is', () => {
    for (const template of templates) {
      const listeners = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::Listener'));
      expect(listeners.map(({ Properties }) => Properties.Port).sort((a, b) => a - b)).toEqual([
        110, 143, 993, 995, 4190,
      ]);
      expect(new Set(listeners.map(({ Properties }) => Properties.Protocol))).toEqual(new Set(['TCP']));
      template.allResourcesProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
        Protocol: 'TCP',
        TargetGroupAttributes: Match.arrayWith([{ Key: 'preserve_client_ip.enabled', Value: 'true' }]),
      });
    }
  });

  it('sends each port to the protocol that belongs there: 993 is IMAP, 995 is POP3', () => {
    for (const template of templates) {
      const groups = template.findResources('AWS::ElasticLoadBalancingV2::TargetGroup');
      const listeners = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::Listener'));
      const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
      const environment = fromPairs(task?.Properties.ContainerDefinitions[0].Environment);
      const protocolAt = (listener: number): string[] => {
        const found = listeners.find(({ Properties }) => Properties.Port === listener)?.Properties;
        const port = groups[found?.DefaultActions[0].TargetGroupArn.Ref]?.Properties.Port;
        return Object.keys(environment).filter((name) => environment[name] === `0.0.0.0:${port}`);
      };
      expect([143, 993, 110, 995, 4190].map(protocolAt)).toEqual([
        ['CIRRUS_LISTEN_IMAP'],
        ['CIRRUS_LISTEN_IMAPS'],
        ['CIRRUS_LISTEN_POP3'],
        ['CIRRUS_LISTEN_POP3S'],
        ['CIRRUS_LISTEN_SIEVE'],
      ]);
    }
  });

  it('lets nobody outside reach LMTP, nor a gateway but by the load balancer', () => {
    for (const template of templates) {
      const groups = template.findResources('AWS::EC2::SecurityGroup');
      const inline = Object.values(groups).flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? []);
      const apart = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'));
      const rules = [...inline, ...apart.map(({ Properties }) => Properties)] as readonly Record<string, unknown>[];
      const portsFrom = (source: (rule: Record<string, unknown>) => boolean) =>
        rules.filter(source).map(({ FromPort, ToPort }) => (FromPort === ToPort ? FromPort : 'a range'));
      const isOpen = ({ CidrIp, CidrIpv6 }: Record<string, unknown>) =>
        CidrIp === '0.0.0.0/0' || CidrIpv6 !== undefined;
      expect(portsFrom(isOpen).sort()).toEqual([110, 143, 4190, 993, 995]);
      expect(portsFrom((rule) => rule.CidrIp !== undefined && !isOpen(rule))).toEqual([2003]);
    }
  });

  it('runs gateways on ARM that may write nothing but their data folder, with time to say goodbye', () => {
    for (const template of templates) {
      template.hasResourceProperties('AWS::ECS::TaskDefinition', {
        RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
        ContainerDefinitions: [
          Match.objectLike({
            ReadonlyRootFilesystem: true,
            StopTimeout: 120,
            HealthCheck: Match.objectLike({ Command: ['CMD', 'node', 'bin/alive.ts'] }),
            Environment: Match.arrayWith([{ Name: 'CIRRUS_HOME', Value: 'aws' }]),
          }),
        ],
      });
    }
  });

  it('tells processes only what the configuration knows', () => {
    for (const template of templates) {
      const tasks = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
      const functions = Object.values(template.findResources('AWS::Lambda::Function'));
      const environments = [
        ...tasks.map(({ Properties }) => fromPairs(Properties.ContainerDefinitions[0].Environment)),
        ...functions.map(({ Properties }) => Properties.Environment.Variables as Record<string, unknown>),
      ];
      expect(environments.length).toBe(6);
      for (const environment of environments) {
        const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, textOf(value)]));
        const { config, warnings } = parseConfig('', 'the template', env);
        expect(warnings).toEqual([]);
        expect(config).toMatchObject({ home: 'aws', aws_region: 'resolved', aws_bucket: 'resolved', sweep: false });
        expect(config.aws_table).toMatch(/^(resolved|cirrus-of-yesterday)$/);
      }
    }
  });

  it('has functions send by SES and tells them of it, when the props say so', () => {
    const [plain, full] = templates;
    const variables = (template: Template | undefined): Record<string, unknown>[] =>
      Object.values(template?.findResources('AWS::Lambda::Function') ?? {}).map(
        (each) => each.Properties.Environment.Variables,
      );
    for (const each of variables(plain)) expect(each).not.toHaveProperty('CIRRUS_AWS_SUBMIT_QUEUE');
    const [queue] = Object.keys(full?.findResources('AWS::SQS::Queue') ?? {}).filter((name) =>
      /^QueuesSubmit(?!Dead)/.test(name),
    );
    expect(queue).toBeDefined();
    for (const each of variables(full)) {
      expect(each).toMatchObject({ CIRRUS_SMTP_RELAY: 'ses', CIRRUS_AWS_SUBMIT_QUEUE: { Ref: queue } });
    }
    const announcing = Object.entries(full?.findResources('AWS::IAM::Policy') ?? {}).filter(([, { Properties }]) =>
      (Properties.PolicyDocument.Statement as Statement[]).some(({ Action }) =>
        listed(Action).includes('sqs:SendMessage'),
      ),
    );
    const roles = announcing.map(
      ([name]) => /^(FunctionsDeliver|FunctionsExpire|FunctionsIngest|FunctionsSubmit|Gateway)/.exec(name)?.[1],
    );
    expect(roles.sort()).toEqual([
      'FunctionsDeliver',
      'FunctionsExpire',
      'FunctionsIngest',
      'FunctionsSubmit',
      'Gateway',
    ]);
    for (const [, { Properties }] of announcing) {
      for (const { Action, Resource } of Properties.PolicyDocument.Statement as Statement[]) {
        if (listed(Action).includes('sqs:SendMessage')) expect(JSON.stringify(Resource)).toContain(queue);
      }
    }
  });

  it('lets only the sweep delete messages, and everybody what they replace', () => {
    const prefixesOfKeys = Object.values(keys).filter((each) => typeof each === 'string' && /^\w\/$/.test(each));
    const everywhere = prefixesOfKeys.map((each) => String(each)[0]).sort();
    expect(everywhere).toContain('m');
    for (const template of templates) {
      const deleting = new Map<string, string[]>();
      const policies = {
        ...template.findResources('AWS::IAM::Policy'),
        ...template.findResources('AWS::IAM::ManagedPolicy'),
      };
      let writers = 0;
      for (const [name, { Properties }] of Object.entries(policies)) {
        for (const { Action, Resource } of Properties.PolicyDocument.Statement as Statement[]) {
          if (listed(Action).includes('s3:PutObject') && JSON.stringify(Resource).includes('/p/*')) writers++;
          if (!listed(Action).includes('s3:DeleteObject')) continue;
          const prefixes = [...JSON.stringify(Resource).matchAll(/"\/(\w+)\/\*"/g)].map(([, prefix]) => String(prefix));
          deleting.set(name, [...(deleting.get(name) ?? []), ...prefixes]);
        }
      }
      expect([deleting.size, writers]).toEqual([7, 7]);
      for (const [name, prefixes] of deleting) {
        expect(prefixes.sort()).toEqual(name.startsWith('FunctionsExpire') ? everywhere : ['c', 'p']);
      }
    }
  });

  it('gives no wildcard permission on data', () => {
    const wrong: string[] = [];
    for (const template of templates) {
      const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
      expect(policies.length).toBeGreaterThan(6);
      for (const [name, { Properties }] of policies) {
        for (const { Action, Effect, Resource } of Properties.PolicyDocument.Statement as Statement[]) {
          expect(Effect).toBe('Allow');
          const actions = listed(Action).map(String);
          for (const action of actions) if (action.includes('*')) wrong.push(`${name}: ${action}`);
          for (const resource of listed(Resource)) {
            const text = JSON.stringify(resource);
            const known = text === '"*"' ? actions.every((each) => each === 'ecr:GetAuthorizationToken') : true;
            // Objects below one of the prefixes; never the bucket, never another service's pattern.
            const prefix = !text.includes('*') || text === '"*"' || /"\/(?:m|p|s|h|c|ses)\/\*"/.test(text);
            if (!known || !prefix) wrong.push(`${name}: ${actions.join(' ')} on ${text}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is what the cost model takes it for', () => {
    const [plain] = templates;
    const alarms = plain?.findResources('AWS::CloudWatch::Alarm') ?? {};
    expect(Object.keys(alarms)).toHaveLength(stack.alarms);
    plain?.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    plain?.resourceCountIs('AWS::EC2::NatGateway', 0);
    const { connectionsPerTask, cpu, memoryMiB, minTasks } = defaultProps;
    expect(stack).toMatchObject({ tasks: minTasks, connectionsPerTask, vcpus: cpu / 1024, memoryGb: memoryMiB / 1024 });
  });

  it('lets ingest mark what SES laid down, and people bring back what was deleted, but not remove a version', () => {
    const [, full] = templates;
    const statements = [
      ...Object.values(full?.findResources('AWS::IAM::Policy') ?? {}),
      ...Object.values(full?.findResources('AWS::IAM::ManagedPolicy') ?? {}),
    ].flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
    const where = (action: string) => statements.filter(({ Action }) => listed(Action).includes(action));
    expect(where('s3:PutObjectTagging').map(({ Resource }) => JSON.stringify(Resource).includes('/ses/*'))).toEqual([
      true,
    ]);
    expect(where('s3:ListBucketVersions')).toHaveLength(1);
    expect(where('s3:GetObjectVersion').length).toBeGreaterThan(0);
    expect(where('s3:DeleteObjectVersion')).toEqual([]);
  });

  it('has the alarms for what the log says of damage, and of mail that is never sent where any is sent', () => {
    expect(readFileSync(new URL('../../lib/delivery/of-config.ts', import.meta.url), 'utf8')).toContain(GIVEN_UP);
    expect(readFileSync(new URL('../../gateway/open-store.ts', import.meta.url), 'utf8')).toContain(SWEEP_ALARM);
    const filters = templates.map((template) =>
      Object.values(template.findResources('AWS::Logs::MetricFilter')).map(
        ({ Properties: { FilterPattern: pattern, LogGroupName: log } }) => [log.Ref.replace(/Log.*/, ''), pattern],
      ),
    );
    const damage = [
      ['FunctionsExpire', `"\\"${SWEEP_ALARM}\\""`],
      ['Gateway', `"\\"${SWEEP_ALARM}\\""`],
    ];
    expect(filters).toEqual([damage, [...damage, ['FunctionsSubmit', `"\\"${GIVEN_UP}\\""`]]]);
  });
});
