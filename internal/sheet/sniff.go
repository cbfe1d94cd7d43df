package sheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/errs"
)

// sampleSize is how much of a text decides what it is.
const sampleSize = 1 << 20

// foreign names files that start in a way no table does.
var foreign = []struct {
	start, code string
	name        errs.Word
}{
	{"\x89PNG", "not_text", errs.Word("a PNG image")},
	{"\xff\xd8\xff", "not_text", errs.Word("a JPEG image")},
	{"GIF87a", "not_text", errs.Word("a GIF image")},
	{"GIF89a", "not_text", errs.Word("a GIF image")},
	{"%PDF-", "not_text", errs.Word("a PDF document")},
	{"\x7fELF", "not_text", errs.Word("a program")},
	{"MZ\x90", "not_text", errs.Word("a program")},
	{"SQLite format 3\x00", "not_text", errs.Word("a database")},
	{"{\\rtf", "not_text", errs.Word("a rich text document")},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unsupported_type", errs.Word("an old or encrypted Office document (save it as .xlsx without a password)")},
	{"7z\xbc\xaf\x27\x1c", "unsupported_type", errs.Word("a 7z archive (use .zip or .gz)")},
	{"Rar!\x1a\x07", "unsupported_type", errs.Word("a RAR archive (use .zip or .gz)")},
	{"BZh91AY&SY", "unsupported_type", errs.Word("a bzip2 archive (use .zip or .gz)")},
	{"\xfd7zXZ\x00", "unsupported_type", errs.Word("an xz archive (use .zip or .gz)")},
	{"\x28\xb5\x2f\xfd", "unsupported_type", errs.Word("a zstd archive (use .zip or .gz)")},
}

// markup is how web pages, XML and JSON begin.
var markup = []string{"<!doctype", "<html", "<?xml", "<table", "[{", "{\"", "{\n", "{\r\n"}

// checkText refuses what is not a text, from its first bytes. A text whose
// encoding is declared may hold what looks like none.
func checkText(sample []byte, declared string) error {
	for _, f := range foreign {
		if bytes.HasPrefix(sample, []byte(f.start)) {
			return errs.New(errs.Unsupported, f.code, "The file is %s, not a table; send CSV or XLSX.", f.name)
		}
	}
	_, bom := bomOf(sample)
	if declared == "" && bom == "" && wideWithoutBOM(sample) == "" && looksBinary(sample[:min(len(sample), 64<<10)]) {
		return errs.New(errs.Unsupported, "not_text", "The file is not a text; send CSV or XLSX.")
	}
	begin := strings.ToLower(string(bytes.TrimLeft(sample[:min(len(sample), 512)], "\xef\xbb\xbf \t\r\n")))
	for _, m := range markup {
		if strings.HasPrefix(begin, m) {
			return errs.New(errs.Unsupported, "not_a_table", "The file is a web page, XML or JSON, not a table; send CSV or XLSX.")
		}
	}
	return nil
}

// looksBinary says whether b has more control characters than a text that is
// merely dirty: every twentieth byte, and a handful at least.
func looksBinary(b []byte) bool {
	controls := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' || c == 0x7f {
			controls++
		}
	}
	return controls > 16 && controls*20 > len(b)
}

// bomOf returns the encoding a byte order mark says, with the mark itself.
func bomOf(b []byte) (encoding, mark string) {
	for _, m := range [][2]string{{utf8BOM, "\xef\xbb\xbf"}, {utf16LE, "\xff\xfe"}, {utf16BE, "\xfe\xff"}} {
		if bytes.HasPrefix(b, []byte(m[1])) {
			return m[0], m[1]
		}
	}
	return "", ""
}

// wideWithoutBOM recognises UTF-16 by the zero bytes that ASCII has in it: at
// the same half of nearly every character, never at the other.
func wideWithoutBOM(b []byte) string {
	b = b[:min(len(b), 64<<10)&^1]
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(b) / 2
	switch {
	case zeros[1] > 0 && zeros[1]*4 >= pairs && zeros[0]*20 <= zeros[1] && evenBreaks(b, 0):
		return utf16LE
	case zeros[0] > 0 && zeros[0]*4 >= pairs && zeros[1]*20 <= zeros[0] && evenBreaks(b, 1):
		return utf16BE
	}
	return ""
}

// evenBreaks says whether the line breaks are characters of two bytes, with
// the one that is not zero at that half.
func evenBreaks(b []byte, half int) bool {
	even, others := 0, 0
	for i, c := range b {
		if c != '\n' && c != '\r' {
			continue
		}
		if i%2 == half && b[i^1] == 0 {
			even++
		} else {
			others++
		}
	}
	return even >= others
}

// findEncoding decides on the encoding of a text, and how many bytes of it are
// its byte order mark.
func findEncoding(sample []byte, whole bool, opts Options) (encoding string, mark int, err error) {
	says, bom := bomOf(sample)
	if opts.Encoding != "" {
		encoding, err = encodingName(opts.Encoding)
		switch {
		case encoding == utf8Plain && says == utf8BOM:
			return utf8BOM, len(bom), err
		case encoding == utf16LE && says == utf16BE && squash(opts.Encoding) != "utf16le":
			return utf16BE, len(bom), err // "utf-16" leaves the order to the mark
		case encoding == says:
			return encoding, len(bom), err
		}
		return encoding, 0, err
	}
	if bom != "" {
		return says, len(bom), nil
	}
	if wide := wideWithoutBOM(sample); wide != "" {
		return wide, 0, nil
	}
	verdict := opts.Verdict
	if verdict == nil {
		verdict = judge(sample, whole)
	}
	if verdict.Invalid == 0 || verdict.Multibyte > verdict.Invalid {
		return utf8Plain, 0, nil
	}
	return windows1252, 0, nil
}

// judge is the verdict on a sample, whose last character may be cut off when
// it is not the whole text.
func judge(sample []byte, whole bool) *Verdict {
	var s Scan
	_, _ = s.Write(sample) // never fails
	if !whole {
		s.tailLen = 0
	}
	v := s.Verdict()
	return &v
}

// findLineEnding looks at the line ends outside quotes. b has one byte per
// character unit.
func findLineEnding(b []byte) string {
	var lf, crlf, cr int
	quoted := false
	for i, c := range b {
		switch c {
		case '"':
			quoted = !quoted
		case '\r':
			if !quoted && (i+1 == len(b) || b[i+1] != '\n' && b[i+1] != '\r') {
				cr++
			}
		case '\n':
			if quoted {
				continue
			}
			if i > 0 && b[i-1] == '\r' {
				crlf++
			} else {
				lf++
			}
		}
	}
	switch {
	case crlf == 0 && lf == 0 && cr > 0, cr > 0 && bytes.IndexByte(b, '\n') < 0:
		return "cr"
	case crlf > lf:
		return "crlf"
	}
	return "lf"
}

// findSep reads a first line of the form sep=;  which is how Excel is told the
// delimiter. It returns 0 when there is none.
func findSep(line []byte) byte {
	line = bytes.Trim(bytes.TrimRight(line, "\r"), `"`)
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") && delimits(line[4]) {
		return line[4]
	}
	return 0
}

// delimits says whether c can stand between cells.
func delimits(c byte) bool {
	return c == '\t' || c >= ' ' && c < utf8.RuneSelf-1 && c != '"'
}

// delimiterName finds the delimiter that is meant by name.
func delimiterName(name string) (byte, error) {
	switch strings.ToLower(name) {
	case "tab", `\t`:
		return '\t', nil
	case "comma":
		return ',', nil
	case "semicolon":
		return ';', nil
	case "pipe":
		return '|', nil
	}
	if len(name) == 1 && delimits(name[0]) {
		return name[0], nil
	}
	return 0, errs.New(errs.Invalid, "bad_delimiter", "The delimiter %q is none; use one character, or tab, comma, semicolon or pipe.", name)
}
