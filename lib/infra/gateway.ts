import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Cluster,
  ContainerImage,
  CpuArchitecture,
  FargatePlatformVersion,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  Secret,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret as StoredSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { DnsRecordType, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import { repository } from './bundle.ts';
import type { Environment } from './environment.ts';
import { acknowledge } from './findings.ts';
import { grantAnnouncing, grantBlobs, grantItems } from './grants.ts';
import { ports } from './listeners.ts';
import { HINTS_PORT, type Network } from './network.ts';
import type { CirrusProps } from './props.ts';
import { protocols } from './props.ts';
import type { Queues } from './queues.ts';

export interface GatewayProps {
  readonly network: Network;
  readonly table: ITableV2;
  readonly bucket: Bucket;
  readonly queues: Queues;
  readonly environment: Environment;
  /** Invoked with batches of deliveries; undefined: the gateway delivers itself. */
  readonly deliver: IFunction | undefined;
  readonly stack: CirrusProps;
}

export const CONTAINER = 'gateway';
/** The only folder the gateway may write: its certificate. */
const DATA = '/data';
/** Fargate gives at most this long between SIGTERM and SIGKILL. */
const STOP_TIMEOUT = Duration.seconds(120);

/** The gateways: Fargate tasks that hold the sessions and nothing else. */
export class Gateway extends Construct {
  readonly service: FargateService;
  readonly logGroup: LogGroup;
  /** Name under which an MTA in the VPC finds LMTP. */
  readonly lmtpName: string;

  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id);
    const { network, stack } = props;
    const cluster = new Cluster(this, 'Cluster', { vpc: network.vpc });
    acknowledge(cluster, {
      'AwsSolutions-ECS4':
        'Container Insights costs per task and metric; CPU, memory, connections and hosts are on the dashboard without it.',
    });
    const namespace = new PrivateDnsNamespace(this, 'Names', { vpc: network.vpc, name: 'cirrus.internal' });
    this.lmtpName = `lmtp.${namespace.namespaceName}`;
    this.logGroup = new LogGroup(this, 'Log', { retention: stack.logDays });
    this.service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.#task(props),
      platformVersion: FargatePlatformVersion.VERSION1_4,
      desiredCount: stack.minTasks,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.minutes(2),
      securityGroups: [network.gatewayGroup],
      vpcSubnets: { subnetType: network.gatewaySubnets },
      assignPublicIp: stack.subnets === 'public',
      // LMTP has no listener: ECS takes at most five target groups for a service, and an MTA inside needs none.
      cloudMapOptions: {
        name: 'lmtp',
        cloudMapNamespace: namespace,
        dnsRecordType: DnsRecordType.A,
        dnsTtl: Duration.seconds(10),
      },
    });
  }

  #task(props: GatewayProps): FargateTaskDefinition {
    const { stack } = props;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: stack.cpu,
      memoryLimitMiB: stack.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      volumes: [{ name: 'data' }],
    });
    const container = task.addContainer(CONTAINER, {
      image: ContainerImage.fromAsset(repository, { platform: Platform.LINUX_ARM64 }),
      environment: this.#environment(props),
      secrets: this.#secrets(stack.certificate),
      portMappings: [...stack.protocols, 'lmtp' as const].map((each) => ({ containerPort: ports[each].container })),
      readonlyRootFilesystem: true,
      stopTimeout: STOP_TIMEOUT,
      healthCheck: {
        command: ['CMD', 'node', 'bin/alive.ts'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(10),
        retries: 3,
        startPeriod: Duration.minutes(1),
      },
      logging: LogDrivers.awsLogs({ streamPrefix: CONTAINER, logGroup: this.logGroup }),
    });
    container.addMountPoints({ containerPath: DATA, sourceVolume: 'data', readOnly: false });
    this.#grant(task, props);
    return task;
  }

  #environment({ deliver, environment, stack }: GatewayProps): Environment {
    const listen = (protocol: keyof typeof ports, served: boolean): [string, string] => [
      `CIRRUS_LISTEN_${protocol.toUpperCase()}`,
      served ? `0.0.0.0:${ports[protocol].container}` : 'off',
    ];
    return {
      ...environment,
      CIRRUS_CONFIGDIRECTORY: DATA,
      ...Object.fromEntries(protocols.map((each) => listen(each, stack.protocols.includes(each)))),
      ...Object.fromEntries([listen('lmtp', true)]),
      CIRRUS_LISTEN_LMTP_UNIX: 'off',
      // Only the VPC reaches that port.
      CIRRUS_LMTP_TRUSTED: 'on',
      CIRRUS_LISTEN_HINTS: `*:${HINTS_PORT}`,
      ...(deliver === undefined ? {} : { CIRRUS_AWS_DELIVER_FUNCTION: deliver.functionName }),
    };
  }

  #secrets(certificate: string): Readonly<Record<string, Secret>> {
    if (certificate === '') return {};
    const stored = StoredSecret.fromSecretCompleteArn(this, 'Certificate', certificate);
    return { TLS_CERTIFICATE_PEM: Secret.fromSecretsManager(stored) };
  }

  #grant(task: FargateTaskDefinition, props: GatewayProps): void {
    const { bucket, deliver, queues, table } = props;
    grantItems(task.taskRole, table);
    grantBlobs(task.taskRole, bucket);
    grantAnnouncing(task.taskRole, queues);
    if (deliver !== undefined) {
      const invoke = { actions: ['lambda:InvokeFunction'], resources: [deliver.functionArn] };
      task.addToTaskRolePolicy(new PolicyStatement(invoke));
    }
    acknowledge(task.obtainExecutionRole(), {
      'AwsSolutions-IAM5[Resource::*]':
        'ecr:GetAuthorizationToken knows no resources (it is about the account); nothing else is open.',
    });
    acknowledge(task, {
      'AwsSolutions-ECS2':
        'The variables are names of resources and settings of this template; the one secret comes from Secrets Manager.',
    });
  }
}
