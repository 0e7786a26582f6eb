import { Duration } from 'aws-cdk-lib';
import { CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import type { NetworkLoadBalancer, NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';

export interface ScalingProps {
  readonly service: FargateService;
  readonly loadBalancer: NetworkLoadBalancer;
  readonly targets: NetworkTargetGroup;
  readonly minTasks: number;
  readonly maxTasks: number;
  readonly connectionsPerTask: number;
}

const CPU_PERCENT = 60;
const OUT = Duration.minutes(1);
/** Taking a task away ends its sessions: seldom. */
const IN = Duration.minutes(15);

/** More tasks when they are busy or hold many connections. */
export class Scaling extends Construct {
  constructor(scope: Construct, id: string, props: ScalingProps) {
    super(scope, id);
    const target = props.service.autoScaleTaskCount({ minCapacity: props.minTasks, maxCapacity: props.maxTasks });
    target.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: CPU_PERCENT,
      scaleOutCooldown: OUT,
      scaleInCooldown: IN,
    });
    const connections = new CfnScalingPolicy(this, 'Connections', {
      policyName: `${this.node.addr}-connections`,
      policyType: 'TargetTrackingScaling',
      resourceId: `service/${props.service.cluster.clusterName}/${props.service.serviceName}`,
      scalableDimension: 'ecs:service:DesiredCount',
      serviceNamespace: 'ecs',
      targetTrackingScalingPolicyConfiguration: {
        targetValue: props.connectionsPerTask,
        scaleOutCooldown: OUT.toSeconds(),
        scaleInCooldown: IN.toSeconds(),
        customizedMetricSpecification: { metrics: connectionsPerHost(props) },
      },
    });
    connections.node.addDependency(target);
  }
}

/** Connections of the load balancer, divided by the tasks that are healthy. */
function connectionsPerHost(props: ScalingProps): CfnScalingPolicy.TargetTrackingMetricDataQueryProperty[] {
  const loadBalancer = { name: 'LoadBalancer', value: props.loadBalancer.loadBalancerFullName };
  const group = { name: 'TargetGroup', value: props.targets.targetGroupFullName };
  const measured = (
    id: string,
    metricName: string,
    dimensions: CfnScalingPolicy.TargetTrackingMetricDimensionProperty[],
  ): CfnScalingPolicy.TargetTrackingMetricDataQueryProperty => {
    const metric = { namespace: 'AWS/NetworkELB', metricName, dimensions };
    return { id, metricStat: { metric, stat: 'Average' }, returnData: false };
  };
  return [
    measured('flows', 'ActiveFlowCount', [loadBalancer]),
    measured('hosts', 'HealthyHostCount', [group, loadBalancer]),
    { id: 'each', expression: 'flows / hosts', returnData: true },
  ];
}
