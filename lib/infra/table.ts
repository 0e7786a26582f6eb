import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, type ITableV2, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY, TIME_TO_LIVE } from '../aws/schema.ts';

export interface TableProps {
  readonly recoveryDays: number;
  /** Empty: none was restored. */
  readonly restoredTable: string;
}

/** The one table (lib/aws/schema.ts): paid per request, restorable to any second, kept when the stack goes. */
export class Table extends Construct {
  /** What is served. */
  readonly table: ITableV2;

  constructor(scope: Construct, id: string, props: TableProps) {
    super(scope, id);
    const own = new TableV2(this, 'Table', {
      partitionKey: { name: PARTITION_KEY, type: AttributeType.BINARY },
      sortKey: { name: SORT_KEY, type: AttributeType.BINARY },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      timeToLiveAttribute: TIME_TO_LIVE,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: props.recoveryDays,
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The stack's own is kept beside it, as it was.
    this.table = props.restoredTable === '' ? own : TableV2.fromTableName(this, 'Restored', props.restoredTable);
  }
}
