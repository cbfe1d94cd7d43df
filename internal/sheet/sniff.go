package sheet

import (
	"bytes"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/charset"
	"github.com/regulars/regulars/internal/sheet/foreign"
)

// sampleSize is the number of bytes used for detection.
const sampleSize = 1 << 20

// checkText rejects files that are not text, by their first bytes. With a
// declared encoding, control characters are not checked.
func checkText(sample []byte, declared string) error {
	if err := foreign.Check(sample); err != nil {
		return err
	}
	_, bom := detectBOM(sample)
	if declared == "" && bom == "" && detectUTF16(sample) == "" && !charset.UsesShifts(sample) && isBinary(sample[:min(len(sample), 64<<10)]) {
		return errs.New(errs.Unsupported, "not_text", "The file is not text; send CSV, XLSX or ODS.")
	}
	return nil
}

// isBinary reports whether over 5 % of the bytes of b, and more than 16,
// are control characters.
func isBinary(b []byte) bool {
	controls := 0
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' || c == 0x7f {
			controls++
		}
	}
	return controls > 16 && controls*20 > len(b)
}

// detectBOM returns the encoding of a byte order mark and the mark itself.
func detectBOM(b []byte) (encoding, mark string) {
	for _, m := range [][2]string{{charset.UTF8BOM, "\xef\xbb\xbf"}, {charset.UTF16LE, "\xff\xfe"}, {charset.UTF16BE, "\xfe\xff"}} {
		if bytes.HasPrefix(b, []byte(m[1])) {
			return m[0], m[1]
		}
	}
	return "", ""
}

// detectUTF16 detects UTF-16 without a byte order mark by the zero bytes of
// ASCII characters: in the same half of most units, almost never in the other.
func detectUTF16(b []byte) string {
	b = b[:min(len(b), 64<<10)&^1]
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(b) / 2
	switch {
	case zeros[1] > 0 && zeros[1]*4 >= pairs && zeros[0]*20 <= zeros[1] && breaksAligned(b, 0):
		return charset.UTF16LE
	case zeros[0] > 0 && zeros[0]*4 >= pairs && zeros[1]*20 <= zeros[0] && breaksAligned(b, 1):
		return charset.UTF16BE
	}
	return ""
}

// breaksAligned reports whether most line breaks are UTF-16 units with their
// nonzero byte in the given half.
func breaksAligned(b []byte, half int) bool {
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

// scanSample scans a sample. If it is not the whole text, an incomplete last
// character is ignored.
func scanSample(sample []byte, complete bool) *ScanResult {
	var s Scanner
	_, _ = s.Write(sample) // never fails
	if !complete {
		s.tailLen = 0
	}
	v := s.Result()
	return &v
}

// detectLineEnding counts the line endings outside quotes. b has one byte per
// code unit.
func detectLineEnding(b []byte) string {
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
	case cr > lf+crlf:
		return "cr"
	case crlf > lf:
		return "crlf"
	}
	return "lf"
}
