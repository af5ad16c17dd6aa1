/** Whether bubblewrap is installed and may make name spaces: what is tested with it needs both. */
import { execFileSync } from 'node:child_process';

/** In some containers it is installed and may not. */
export const canBubblewrap = (): boolean => {
  try {
    const shown = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--unshare-pid'];
    execFileSync('bwrap', [...shown, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
