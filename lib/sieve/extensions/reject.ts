import type { CommandDefinition, Extension } from '../definition.ts';

/** RFC 5429 §2.2: refuse, by the protocol or by a message. */
export const reject: Extension = { capability: 'reject', deliveryOnly: true, commands: [rejecting('reject', false)] };

/** RFC 5429 §2.1: refuse by the protocol, never by a message to somebody who may not have sent it. */
export const ereject: Extension = { capability: 'ereject', deliveryOnly: true, commands: [rejecting('ereject', true)] };

function rejecting(name: string, early: boolean): CommandDefinition {
  return {
    name,
    parameters: [{ name: 'reason', type: 'string' }],
    run: (node, run) => {
      run.implicitKeep = false;
      run.act(node, { kind: 'reject', reason: run.text(node, 'reason'), early });
    },
  };
}
