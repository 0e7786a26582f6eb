import { Command } from 'commander';

/** `cirrus import maildir|mbox` */
export function importCommand(): Command {
  return new Command('import').description('bring mail from elsewhere');
}
