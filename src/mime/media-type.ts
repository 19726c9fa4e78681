/**
 * Media types by file name extension, from the IANA registry and from what common systems send.
 * @module
 */

const table = `
application/atom+xml atom|application/epub+zip epub|application/gzip gz tgz|application/java-archive jar war ear
application/json json map|application/ld+json jsonld|application/manifest+json webmanifest
application/mac-binhex40 hqx|application/mbox mbox|application/msword doc dot|application/mp4 mp4s|application/octet-stream bin
application/ogg ogx|application/oxps oxps|application/pdf pdf|application/pgp-encrypted pgp|application/pgp-keys asc
application/pgp-signature sig|application/pkcs10 p10|application/pkcs7-mime p7m p7c p7z|application/pkcs7-signature p7s
application/pkcs8 p8|application/pkix-cert cer|application/pkix-crl crl|application/postscript ps ai eps|application/rdf+xml rdf
application/rss+xml rss|application/rtf rtf|application/sql sql|application/toml toml|application/vnd.amazon.ebook azw
application/vnd.android.package-archive apk|application/vnd.apple.installer+xml mpkg|application/vnd.apple.keynote key
application/vnd.apple.numbers numbers|application/vnd.apple.pages pages|application/vnd.apple.pkpass pkpass
application/vnd.google-earth.kml+xml kml|application/vnd.google-earth.kmz kmz|application/vnd.ms-cab-compressed cab
application/vnd.ms-excel xls xlt|application/vnd.ms-excel.sheet.binary.macroenabled.12 xlsb
application/vnd.ms-excel.sheet.macroenabled.12 xlsm|application/vnd.ms-fontobject eot|application/vnd.ms-outlook msg
application/vnd.ms-powerpoint ppt pps pot|application/vnd.ms-powerpoint.presentation.macroenabled.12 pptm
application/vnd.ms-project mpp mpt|application/vnd.ms-word.document.macroenabled.12 docm|application/vnd.ms-xpsdocument xps
application/vnd.oasis.opendocument.graphics odg|application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.spreadsheet ods|application/vnd.oasis.opendocument.text odt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
application/vnd.openxmlformats-officedocument.presentationml.template potx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template xltx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx|application/vnd.rar rar
application/vnd.sqlite3 sqlite sqlite3 db|application/vnd.tcpdump.pcap pcap|application/vnd.visio vsd vst vsdx|application/wasm wasm
application/x-7z-compressed 7z|application/x-apple-diskimage dmg|application/x-bzip2 bz2|application/x-debian-package deb
application/x-httpd-php php|application/x-iso9660-image iso|application/x-java-keystore jks|application/x-msdownload exe dll
application/x-msi msi|application/x-pkcs12 p12 pfx|application/x-pkcs7-certificates p7b spc|application/x-rpm rpm
application/x-sh sh|application/x-tar tar|application/x-tex tex latex|application/x-x509-ca-cert crt der pem|application/x-xz xz
application/xhtml+xml xhtml|application/xml xml xsd rng|application/xslt+xml xsl xslt|application/yaml yaml yml
application/zip zip|application/zstd zst|audio/aac aac|audio/amr amr|audio/flac flac|audio/midi mid midi|audio/mp4 m4a
audio/mpeg mp3 mp2|audio/ogg oga ogg spx opus|audio/wav wav|audio/webm weba|audio/x-aiff aif aiff|audio/x-ms-wma wma|font/otf otf
font/ttf ttf|font/woff woff|font/woff2 woff2|image/apng apng|image/avif avif|image/bmp bmp|image/emf emf|image/gif gif|image/heic heic
image/heif heif|image/jp2 jp2|image/jpeg jpg jpeg jpe jfif|image/jxl jxl|image/png png|image/svg+xml svg|image/tiff tif tiff
image/vnd.adobe.photoshop psd|image/vnd.djvu djvu djv|image/vnd.dwg dwg|image/vnd.dxf dxf|image/vnd.microsoft.icon ico
image/webp webp|image/wmf wmf|message/rfc822 eml mime|model/gltf-binary glb|model/gltf+json gltf|model/step step stp|model/stl stl
text/calendar ics ifb|text/css css|text/csv csv|text/html html htm|text/javascript js mjs cjs|text/markdown md markdown
text/plain txt text log conf ini diff patch|text/tab-separated-values tsv|text/troff man|text/vcard vcf vcard|text/vtt vtt
text/x-c c h|text/x-java-source java|text/x-python py|video/3gpp 3gp|video/h264 h264|video/mp2t ts m2ts
video/mp4 mp4 m4v|video/mpeg mpeg mpg mpe|video/ogg ogv|video/quicktime mov qt|video/webm webm|video/x-flv flv
video/x-matroska mkv|video/x-ms-wmv wmv|video/x-msvideo avi`;

const byExtension: ReadonlyMap<string, string> = new Map(
  table.split(/[\n|]/).flatMap((row) => {
    const [type = '', ...extensions] = row.split(' ');
    return extensions.map((extension): [string, string] => [extension, type]);
  }),
);

/** The media type for a file name; application/octet-stream if the extension is unknown. */
export function mediaTypeOf(filename: string): string {
  const dot = filename.lastIndexOf('.');
  return (dot < 0 ? undefined : byExtension.get(filename.slice(dot + 1).toLowerCase())) ?? 'application/octet-stream';
}
