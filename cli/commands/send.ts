/** `gantry send` and `gantry echo`: a sender for trying things out. */
import type { Command } from 'commander';
import { sendEcho, type PeerOptions } from '../dimse/send-echo.ts';
import { sendFiles, type FileResult } from '../dimse/send-files.ts';
import { AssociationFailed } from '../dimse/association-failed.ts';
import { addCommand } from '../lib/command.ts';
import { peerOf, withPeer, type PeerArguments } from '../lib/dimse-peer.ts';
import { CommandFailed } from '../lib/failures.ts';
import type { Output } from '../lib/output.ts';

const remedies = ({ end }: AssociationFailed, { tls }: PeerOptions): string[] => {
  if (end === 'handshake-failed') {
    return [
      'is it its TLS port?',
      'the authority that issued its certificate is named with --ca FILE',
      'its certificate has to name what --host says',
    ];
  }
  if (end === 'connection-lost' && tls !== undefined) {
    return ['a peer may want a certificate of yours: --cert FILE --key FILE'];
  }
  if (end === 'rejected') {
    return ['if that is Gantry, it says why, and what to do: gantry decision list'];
  }
  if (end !== 'not-connected') return ['is it a DICOM application that listens there?'];
  return ['is Gantry running? start it with: npm start'];
};

const BAR_WIDTH = 30;

/** A bar that is drawn over itself on a terminal; elsewhere only what went wrong is told. */
const progress =
  (output: Output) =>
  (result: FileResult, done: number, total: number): void => {
    const terminal = process.stderr.isTTY;
    if (result.outcome !== 'stored') {
      output.message(`${terminal ? '\r\x1b[K' : ''}${result.path}: ${result.message}`);
    }
    if (!terminal) return;
    const filled = Math.round((BAR_WIDTH * done) / total);
    const bar = '█'.repeat(filled).padEnd(BAR_WIDTH, '·');
    process.stderr.write(`\r\x1b[K${bar} ${done}/${total}${done === total ? '\n' : ''}`);
  };

export const addSendCommands = (program: Command): void => {
  addCommand<PeerArguments>(
    program,
    'send <path...>',
    'sends DICOM files, and folders with all that is in them',
    (command) => withPeer(command).requiredOption('--to <aet>', 'the called AE title'),
    async ({ output, environment }, [paths], options) => {
      const report = await sendFiles(
        { ...(await peerOf(options, environment)), paths: Array.isArray(paths) ? paths : [] },
        progress(output),
      );
      if (output.json) output.document(report);
      else output.message(`${report.stored} stored, ${report.failed} not stored`);
      if (report.files.length === 0) throw new CommandFailed('there are no files to send');
      if (report.failed > 0) {
        throw new CommandFailed(`${report.failed} of ${report.files.length} files were not stored`);
      }
    },
  );
  addCommand<PeerArguments>(
    program,
    'echo',
    'asks with a C-ECHO whether somebody answers',
    (command) => withPeer(command).option('--to <aet>', 'the called AE title', 'GANTRY'),
    async ({ output, environment }, _, options) => {
      const peer = await peerOf(options, environment);
      const where = `${peer.calledAe} at ${peer.host}:${peer.port}`;
      try {
        const { status, milliseconds } = await sendEcho(peer);
        if (output.json) output.document({ status, milliseconds });
        else
          output.line(`${where} answered with status ${status} in ${milliseconds.toFixed(0)} ms`);
        if (status !== 0) throw new CommandFailed(`${where} did not answer with success`);
      } catch (error) {
        if (!(error instanceof AssociationFailed)) throw error;
        throw new CommandFailed(`${where}: ${error.message}`, remedies(error, peer));
      }
    },
  );
};
