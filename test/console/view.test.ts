import { describe, expect, it } from 'vitest';
import { element, ForeignAddress, textOf, viewsOf } from '../../console/lib/view.ts';

describe('a view', () => {
  it('leaves out what is not there and takes lists apart', () => {
    const views = viewsOf('one', [false, ['two', null]], undefined, 3, '');

    expect(views).toEqual(['one', 'two', '3']);
  });

  it('keeps what looks like markup as the text that it is', () => {
    const view = element('p', {}, '<script>alert(1)</script>');

    expect(view.children).toEqual(['<script>alert(1)</script>']);
    expect(textOf(view)).toBe('<script>alert(1)</script>');
  });

  it.each(['javascript:alert(1)', 'https://elsewhere.example/', '//elsewhere.example', '/api/v1'])(
    'never leads to %s',
    (href) => {
      expect(() => element('a', { href }, 'a name')).toThrow(ForeignAddress);
    },
  );

  it('leads to the console’s own pages', () => {
    expect(element('a', { href: '#/now' }, 'Now').properties).toEqual({ href: '#/now' });
  });
});
