import { Duration } from 'aws-cdk-lib';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import {
  Protocol as ElbProtocol,
  NetworkLoadBalancer,
  type NetworkTargetGroup,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { acknowledge } from './findings.ts';
import { CONTAINER } from './gateway.ts';
import { ports } from './listeners.ts';
import type { Network } from './network.ts';
import type { Protocol } from './props.ts';

export interface LoadBalancerProps {
  readonly network: Network;
  readonly service: FargateService;
  readonly protocols: readonly Protocol[];
}

/** A client in IDLE hears from us every 4 minutes, but others are silent for longer than the default of 350 s. */
const IDLE = Duration.minutes(35);
/** New connections go elsewhere by then; SIGTERM follows, and the sessions are told BYE. */
const DEREGISTRATION = Duration.seconds(30);

/** TCP to the gateways, with the client's own address. TLS ends there: STARTTLS needs it, and a TLS listener hangs up after 350 s. */
export class LoadBalancer extends Construct {
  readonly loadBalancer: NetworkLoadBalancer;
  readonly targets: readonly NetworkTargetGroup[];

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    this.loadBalancer = new NetworkLoadBalancer(this, 'LoadBalancer', {
      vpc: props.network.vpc,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [props.network.loadBalancerGroup],
    });
    acknowledge(this.loadBalancer, {
      'AwsSolutions-ELB2':
        'A network load balancer logs TLS listeners only, and there are none: the gateway logs connections.',
    });
    this.targets = props.protocols.map((protocol) => this.#listen(protocol, props.service));
  }

  #listen(protocol: Protocol, service: FargateService): NetworkTargetGroup {
    const { container, listener } = ports[protocol];
    return this.loadBalancer
      .addListener(protocol, { port: listener, protocol: ElbProtocol.TCP, tcpIdleTimeout: IDLE })
      .addTargets(protocol, {
        port: container,
        protocol: ElbProtocol.TCP,
        targets: [service.loadBalancerTarget({ containerName: CONTAINER, containerPort: container })],
        preserveClientIp: true,
        deregistrationDelay: DEREGISTRATION,
        healthCheck: { protocol: ElbProtocol.TCP, interval: Duration.seconds(10) },
      });
  }
}
