// Package charset decodes and encodes the text encodings of tables, and guesses
// the encoding of a text by the letters of common languages.
package charset

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/regulars/regulars/internal/errs"
)

// Names of Unicode encodings and of encodings with rules of their own. All other
// encodings have their WHATWG names; code pages of DOS have ibm and their number.
const (
	UTF8        = "utf-8"
	UTF8BOM     = "utf-8-bom"
	UTF16       = "utf-16" // declared only: the byte order mark decides, little-endian without one
	UTF16LE     = "utf-16le"
	UTF16BE     = "utf-16be"
	Windows1252 = "windows-1252"

	ISO2022JP   = "iso-2022-jp"
	replacement = "replacement"
)

// Parse returns the name of the encoding with that label: a label of the WHATWG
// Encoding Standard, or a common name such as ANSI, cp850 or UTF-8-sig. It fails
// with Invalid bad_encoding_name.
func Parse(label string) (string, error) {
	switch normalize(label) {
	case "utf8", "utf8bom", "utf8sig":
		return UTF8, nil
	case "utf16", "unicode", "csunicode", "ucs2", "iso10646ucs2", "unicodefeff":
		return UTF16, nil
	case "utf16le":
		return UTF16LE, nil
	case "utf16be":
		return UTF16BE, nil
	case "ansi":
		return Windows1252, nil
	}
	if _, name := find(label); name != "" {
		return name, nil
	}
	return "", errs.New(errs.Invalid, "bad_encoding_name", "The encoding %q is not known; use a label of the WHATWG Encoding Standard, such as utf-8, windows-1252, shift_jis or gb18030.", label)
}

var separators = strings.NewReplacer(" ", "", "-", "", "_", "")

func normalize(label string) string {
	return separators.Replace(strings.ToLower(strings.TrimSpace(label)))
}

// find returns the encoding with that label and its name; "" if unknown.
func find(label string) (encoding.Encoding, string) {
	if e, err := htmlindex.Get(label); err == nil {
		name, err := htmlindex.Name(e)
		switch {
		case err != nil || name == replacement:
			return nil, ""
		case name == "gbk": // the standard decodes it as its superset
			return simplifiedchinese.GB18030, name
		}
		return e, name
	}
	want := normalize(label)
	for _, e := range charmap.All {
		chars, ok := e.(*charmap.Charmap)
		if !ok || chars.DecodeByte(',') != ',' {
			continue
		}
		name := strings.ReplaceAll(strings.ToLower(chars.String()), " ", "-")
		number, isPage := strings.CutPrefix(name, "ibm-code-page-")
		if isPage {
			name = "ibm" + number
		}
		if want == normalize(name) || want == normalize(chars.String()) || want == "cp"+strings.TrimPrefix(number, "windows-") {
			return chars, name
		}
	}
	return nil, ""
}

// IsUTF16 reports whether the code units of an encoding are pairs of bytes.
func IsUTF16(name string) bool { return name == UTF16LE || name == UTF16BE }

// isMultiByte reports whether characters of a legacy encoding may have more than
// one byte.
func isMultiByte(name string) bool {
	switch name {
	case "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", ISO2022JP:
		return true
	}
	return false
}
