/** What a runner remembers of what it has read. */
import { describe, expect, it } from 'vitest';
import { recentlyRead } from '../../../core/running/recently-read.ts';

/** A store that notes what it is asked for. */
const store = (values: Record<string, string | undefined>) => {
  const asked: string[] = [];
  const read = (key: string): Promise<string | undefined> => {
    asked.push(key);
    return key in values
      ? Promise.resolve(values[key])
      : Promise.reject(new Error(`${key} cannot be read`));
  };
  return { asked, values, read };
};

describe('what was read of late', () => {
  it('is read once, also when it is asked for twice at the same time', async () => {
    const { asked, read } = store({ a: '1' });
    const recent = recentlyRead(2, read);

    expect(await Promise.all([recent('a'), recent('a')])).toEqual(['1', '1']);
    expect(await recent('a')).toBe('1');
    expect(asked).toEqual(['a']);
  });

  it('is forgotten when more was asked for since, the longest ago first', async () => {
    const { asked, read } = store({ a: '1', b: '2', c: '3' });
    const recent = recentlyRead(2, read);

    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await recent(key);

    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it('is read again when it was not there, or could not be read', async () => {
    const { asked, values, read } = store({ absent: undefined });
    const recent = recentlyRead(2, read);

    expect(await recent('absent')).toBeUndefined();
    await expect(recent('broken')).rejects.toThrow('broken cannot be read');
    values['absent'] = values['broken'] = 'there';

    expect(await recent('absent')).toBe('there');
    expect(await recent('broken')).toBe('there');
    expect(asked).toEqual(['absent', 'broken', 'absent', 'broken']);
  });

  it('serves nobody else while it may yet change, even who asked while it was being read', async () => {
    const { asked, values, read } = store({ a: 'draft' });
    const recent = recentlyRead(2, read, (value) => value === 'sealed');

    const [one, other] = [recent('a'), recent('a')];
    values['a'] = 'sealed';
    expect(await one).toBe('draft');
    expect(await other).toBe('sealed');
    expect(await recent('a')).toBe('sealed');

    expect(asked).toEqual(['a', 'a']);
  });

  it('that fails is a failure for who asked first alone', async () => {
    const { asked, values, read } = store({});
    const recent = recentlyRead(2, read);

    const [one, other] = [recent('a'), recent('a')];
    values['a'] = 'there';
    await expect(one).rejects.toThrow('a cannot be read');
    expect(await other).toBe('there');
    expect(asked).toEqual(['a', 'a']);
  });
});
