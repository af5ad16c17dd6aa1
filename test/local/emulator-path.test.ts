import { describe, expect, it } from 'vitest';
import { programPath } from '../../local/emulator.ts';

describe('the path of the emulator and of what it starts', () => {
  it('has the folders of the system, and of the user only what pyenv put there, last', () => {
    const ofUser = '/home/roe/bin:/home/roe/.pyenv/shims:/home/roe/.pyenv/bin:/usr/bin';

    expect(programPath(['/node'], ofUser)).toBe(
      '/node:/usr/local/bin:/usr/bin:/bin:/home/roe/.pyenv/shims',
    );
  });
});
