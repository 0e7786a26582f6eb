import { Stream } from './stream.ts';

/** Makes a script the active one of a user (RFC 5804); '' leaves none active. */
export async function useScript(port: number, user: string, password: string, script: string): Promise<void> {
  const stream = await Stream.connect(port);
  const answer = async (): Promise<void> => {
    const [, status = '', text = ''] = await stream.until(/(?:^|\n)(OK|NO|BYE)(.*)\r\n/);
    if (status !== 'OK') throw new Error(`ManageSieve answered ${status}${text}`);
  };
  const say = async (command: string): Promise<void> => {
    stream.write(`${command}\r\n`);
    await answer();
  };
  await answer();
  await say(`AUTHENTICATE "PLAIN" "${Buffer.from(`\0${user}\0${password}`).toString('base64')}"`);
  if (script !== '') await say(`PUTSCRIPT "bench" {${Buffer.byteLength(script)}+}\r\n${script}`);
  await say(`SETACTIVE "${script === '' ? '' : 'bench'}"`);
  await say('LOGOUT');
  stream.destroy();
}
