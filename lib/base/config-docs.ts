import { configAliases, configMeaningless, configNotYet, configSchema } from './config-schema.ts';

/** The text of docs/config.md, made from the schema. */
export function renderConfigDocs(): string {
  const rows = Object.entries(configSchema.shape).map(([name, schema]) => {
    const doc = schema.meta() ?? {};
    const preset = doc.default === '' || doc.default === undefined ? '(empty)' : `\`${String(doc.default)}\``;
    return `| \`${name}\` | ${preset} | ${cell(doc.meaning)} | ${cell(doc.allowed)} |`;
  });
  const aliases = [...configAliases].map(([alias, name]) => `| \`${alias}\` | \`${name}\` |`);
  const meaningless = Object.entries(configMeaningless).map(([name, why]) => `| \`${name}\` | ${cell(why)} |`);
  return `<!-- Made from lib/base/config-schema.ts by \`node scripts/config-docs.ts\`: do not edit. -->

# Configuration

One file of lines \`key: value\`; lines that begin with \`#\` are comments. The file is the one given with \`-C\`, else the one
named by \`CIRRUS_CONFIG\`, else \`imapd.conf\` in the data folder (\`./data\`), if there is one. An environment variable named
\`CIRRUS_\` and the key in capitals overrides a key: \`CIRRUS_LISTEN_IMAP=127.0.0.1:143\`.

A value that is not allowed, or a key given twice, and Cirrus does not start (exit code 78). Keys that do nothing are
named in a warning.

| key | default | meaning | allowed |
|---|---|---|---|
${rows.join('\n')}

## Other spellings

| spelling | key |
|---|---|
${aliases.join('\n')}

## Keys that do nothing yet

${configNotYet.map((name) => `\`${name}\``).join(', ')}

## Keys of Cyrus without a meaning here

| key | why |
|---|---|
${meaningless.join('\n')}
`;
}

function cell(text: unknown): string {
  return String(text ?? '').replaceAll('|', '\\|');
}
