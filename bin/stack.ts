import { App } from 'aws-cdk-lib';
import { CirrusStack } from '../lib/infra/cirrus-stack.ts';
import { propsOfContext } from '../lib/infra/props.ts';

// What `cdk` runs (cdk.json): `npx cdk deploy -c domain=example.org`.
const app = new App();
const name: unknown = app.node.tryGetContext('stackName');
new CirrusStack(app, name === undefined ? 'Cirrus' : String(name), propsOfContext(app.node));
app.synth();
