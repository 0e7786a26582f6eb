import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from './findings.ts';
import { ports } from './listeners.ts';
import type { Protocol } from './props.ts';

export interface NetworkProps {
  readonly subnets: 'public' | 'private';
  readonly protocols: readonly Protocol[];
}

/** Where gateways speak to each other: "mailbox M moved" (Rule 20). */
export const HINTS_PORT = 7143;
const CIDR = '10.20.0.0/16';

/** A VPC of two zones whose way to S3 and DynamoDB costs nothing, and who may speak to whom. */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly gatewaySubnets: SubnetType;
  readonly loadBalancerGroup: SecurityGroup;
  readonly gatewayGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const isPrivate = props.subnets === 'private';
    this.gatewaySubnets = isPrivate ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PUBLIC;
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(CIDR),
      maxAzs: 2,
      natGateways: isPrivate ? 1 : 0,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20 },
        ...(isPrivate ? [{ name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 }] : []),
      ],
      restrictDefaultSecurityGroup: false,
      gatewayEndpoints: {
        s3: { service: GatewayVpcEndpointAwsService.S3 },
        dynamodb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    acknowledge(this.vpc, {
      'AwsSolutions-VPC7':
        'Flow logs cost per byte of mail read and would log who reads when; the gateway logs connections, and a flow log can be added to the VPC when it is looked into.',
    });
    this.loadBalancerGroup = new SecurityGroup(this, 'LoadBalancerGroup', {
      vpc: this.vpc,
      description: 'Mail clients to the load balancer',
      allowAllOutbound: false,
    });
    this.gatewayGroup = new SecurityGroup(this, 'GatewayGroup', {
      vpc: this.vpc,
      description: 'Load balancer, MTA and other gateways to the gateways',
    });
    this.#rules(props.protocols);
  }

  #rules(protocols: readonly Protocol[]): void {
    for (const protocol of protocols) {
      const { listener, container } = ports[protocol];
      this.loadBalancerGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(listener), `${protocol} from anywhere`);
      this.loadBalancerGroup.addEgressRule(this.gatewayGroup, Port.tcp(container), `${protocol} to the gateways`);
      this.gatewayGroup.addIngressRule(this.loadBalancerGroup, Port.tcp(container), `${protocol} from clients`);
    }
    this.gatewayGroup.addIngressRule(Peer.ipv4(CIDR), Port.tcp(ports.lmtp.container), 'LMTP inside');
    this.gatewayGroup.addIngressRule(this.gatewayGroup, Port.tcp(HINTS_PORT), 'hints between gateways');
    acknowledge(this.loadBalancerGroup, {
      'AwsSolutions-EC23': 'Mail clients come from anywhere, to the ports of mail protocols and no others.',
    });
  }
}
