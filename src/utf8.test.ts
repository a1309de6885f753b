import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from './utf8.js'

test('text in UTF-8 is read as it is, with its byte-order mark', () => {
  for (const text of ['', 'Möwe\r\n鳥 🐕\n', '\uFEFFa,b', 'kept: \uFFFD']) {
    assert.equal(utf8(Buffer.from(text), 'a.csv'), text)
  }
})

test('bytes of another encoding are told with their line and what to do', () => {
  const latin1 = (text: string, line?: number) => () => utf8(Buffer.from(text, 'latin1'), 'a.csv', line)
  const message = (line: number, encoding = 'latin1') =>
    `a.csv:${line}: expected text in UTF-8, got bytes that are none\nConvert the file, for instance by iconv -f ${encoding} -t utf-8.`
  assert.throws(latin1('Möwe'), { name: 'PalError', message: message(1) })
  assert.throws(latin1('a\r\nb\r\nMöwe\r\nc'), { message: message(3) })
  assert.throws(latin1('Möwe\nb', 7), { message: message(7) })
  assert.throws(() => utf8(Buffer.from('\uFEFFa\nb\n', 'utf16le'), 'a.csv'), {
    message: message(1, 'utf-16'),
  })
})
