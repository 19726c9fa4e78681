import { createHash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { embedDataUrls } from '../../../../src/compose/content/data-urls.js';
import type { EmailError } from '../../../../src/index.js';
import { fuzz, pick, refusedOr } from '../../../fuzz/kit.js';

const png = 'iVBORw0KGgo=';
const cidOf = (type: string, content: string, encoding: BufferEncoding = 'base64'): string =>
  `cid:${createHash('sha256').update(`${type}\0`).update(Buffer.from(content, encoding)).digest('hex').slice(0, 32)}@data.invalid`;
const cid = cidOf('image/png', png);
const svg = `<svg xmlns='http://www.w3.org/2000/svg'/>`;
const svgCid = cidOf('image/svg+xml', svg, 'utf8');
const embed = (html: string): string => embedDataUrls(html, 'html.content').html;

describe('an image in a data: URL', () => {
  it.each([
    ['in quotes', `<img src="data:image/png;base64,${png}">`, `<img src="${cid}">`],
    ['in single quotes', `<img src='data:image/png;base64,${png}'>`, `<img src="${cid}">`],
    ['without quotes', `<img src=data:image/png;base64,${png}>`, `<img src="${cid}">`],
    ['in upper case', `<IMG ALT="a>b" SRC="DATA:IMAGE/PNG;BASE64,${png}"/>`, `<IMG ALT="a>b" SRC="${cid}"/>`],
    ['with blanks', `<img src = " data:image/png ; base64, iVBO\n Rw0K\tGgo= ">`, `<img src = "${cid}">`],
    ['without padding', '<img src="data:image/png;base64,iVBORw0KGgo">', `<img src="${cid}">`],
    ['with references', '<img src="data:image/png&semi;base64,iVBORw0KGgo&#61;">', `<img src="${cid}">`],
    ['percent-encoded', `<img src="data:image/png;base64,iVBORw0KGgo%3D">`, `<img src="${cid}">`],
    ['with a fragment', `<img src="data:image/png;base64,${png}#a">`, `<img src="${cid}">`],
    ['as SVG text', `<img src="data:image/svg+xml,${svg}">`, `<img src="${svgCid}">`],
    [
      'as SVG with a charset',
      `<img src="data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}">`,
      `<img src="${svgCid}">`,
    ],
    ['as background', `<td background="data:image/png;base64,${png}">`, `<td background="${cid}">`],
    [
      'in style',
      `<p style="background:url(data:image/png;base64,${png}) no-repeat">`,
      `<p style="background:url(${cid}) no-repeat">`,
    ],
    [
      'in style, in quotes',
      `<p style='a:url( "data:image/png;base64,${png}" )'>`,
      `<p style="a:url( &quot;${cid}&quot; )">`,
    ],
    ['in style, with escapes', `<p style="a:url(data\\3a image/png;base64,${png})">`, `<p style="a:url(${cid})">`],
    [
      'in a style sheet',
      `<style>p{a:url('data:image/png;base64,${png}')}</STYLE>`,
      `<style>p{a:url('${cid}')}</STYLE>`,
    ],
    [
      'twice in a style sheet',
      `<style>a{b:url(data:image/png;base64,${png})}c{d:url("data:image/png;base64,${png}")}</style>`,
      `<style>a{b:url(${cid})}c{d:url("${cid}")}</style>`,
    ],
    ['after a comment', `<!--> <img src="data:image/png;base64,${png}">`, `<!--> <img src="${cid}">`],
  ])('%s is replaced', (_, html, expected) => expect(embed(html)).toBe(expected));

  it.each([
    ['another URL', '<img src="https://example.com/a.png"><img src="cid:a@b"><img src="">'],
    ['another kind of data', '<img src="data:,x"><img src="data:text/html,x"><a href="data:image/png;base64,AAAA">'],
    ['another attribute', `<img data-src="data:image/png;base64,${png}" alt="data:image/png;base64,${png}">`],
    ['no octets', '<img src="data:image/gif;base64,">'],
    ['text', `data:image/png;base64,${png} &lt;img src="data:image/png;base64,${png}"&gt;`],
    ['a comment', `<!-- <img src="data:image/png;base64,${png}"> -->`],
    ['a comment without end', `<!-- <img src="data:image/png;base64,${png}">`],
    ['a script', `<script>"<img src='data:image/png;base64,${png}'>"</scripty>`],
    ['a title', `<title><img src="data:image/png;base64,${png}"></title>`],
    ['an unfinished tag', `<img src="data:image/png;base64,${png}"`],
    ['a comment of a style sheet', `<style>/* url(data:image/png;base64,${png}) */</style>`],
    ['an unfinished url()', `<style>a{b:url("data:image/png;base64,${png}</style>`],
  ])('is not looked for in %s', (_, html) => expect(embed(html)).toBe(html));

  it.each([
    ['<img src="data:image/png;base64,A">', 'html.content: the data: URL at character 10 is not well-formed base64'],
    ['<img src="data:image/png;base64,AA*A">', 'is not well-formed base64'],
    ['<img src="data:image/png;base64,AA=A">', 'is not well-formed base64'],
    ['<img src="data:image/png">', 'has no comma before its data'],
    ['<p style="a:url(data:image/png;base64,A)">', 'html.content: the data: URL at character 10'],
  ])('that is not well-formed is refused: %s', (html, words) => {
    let error: EmailError | undefined;
    try {
      embed(html);
    } catch (thrown) {
      error = thrown as EmailError;
    }
    expect(error?.code).toBe('ERR_MESSAGE_INVALID');
    expect(error?.message).toContain(words);
  });

  it('becomes a part with the octets, and a name that mail programs show', () => {
    const { inline } = embedDataUrls(`<img src="data:image/png;base64,${png}"><img src="data:image/x-own,a">`, 'html');
    expect(inline).toEqual([
      {
        contentType: 'image/png',
        disposition: 'inline',
        cid: cid.slice(4),
        body: { bytes: Buffer.from(png, 'base64') },
        path: 'html',
        filename: 'image-1.png',
      },
      {
        contentType: 'image/x-own',
        disposition: 'inline',
        cid: cidOf('image/x-own', 'a', 'utf8').slice(4),
        body: { bytes: Buffer.from('a') },
        path: 'html',
      },
    ]);
  });

  it('that occurs twice, however it is written, is one part', () => {
    const { inline } = embedDataUrls(
      `<img src="data:image/png;base64,${png}"><img src='data:image/png,%89PNG%0D%0A%1A%0a'><img ` +
        'src=data:image/png;base64,iVBORw0KGgo>',
      'html',
    );
    expect(inline.length).toBe(1);
  });

  it('is one of at most a thousand', () => {
    const images = (count: number): string =>
      Array.from({ length: count }, (_, i) => `<img src="data:image/png,${i}">`).join('');
    expect(embedDataUrls(images(1000), 'html').inline.length).toBe(1000);
    expect(() => embedDataUrls(images(1001), 'html')).toThrow(/html: contains more than 1000 different images/);
  });
});

test('HTML that is nearly right is replaced or refused, and nothing else changes', async () => {
  const words = [
    '<img src=',
    '"',
    "'",
    'data:image/png',
    ';base64,',
    'AAAA',
    '>',
    '<style>',
    '</style>',
    'url(',
    ')',
    '<!--',
    '-->',
    ' ',
    '/',
    '=',
    '&#',
    '\\',
    '%41',
    ',',
    'é',
    '\0',
    '<script',
    '*/',
    '/*',
  ];
  await fuzz(3000, async (next) => {
    const html = Array.from({ length: next(30) }, () => pick(words, next)).join('');
    const made = await refusedOr(() => embedDataUrls(html, 'html'));
    if (made !== undefined && made.inline.length === 0 && made.html !== html) throw new Error(JSON.stringify(html));
    if (made !== undefined && made.inline.length > 0 && embedDataUrls(made.html, 'html').inline.length > 0)
      throw new Error(`not all were replaced: ${JSON.stringify(html)}`);
  });
});
