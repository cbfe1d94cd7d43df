package xmlpart

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// partBudget bounds the bytes of XML of one row or string, or of a whole part
// without rows and strings.
const partBudget = 16 << 20

var errPartTooLarge = errors.New("one row or string is too large")

// Part reads the XML of a part.
type Part struct {
	Reader
	pkg    *Package
	body   io.ReadCloser
	read   int64
	budget int64 // bytes that may be read before ResetBudget
}

// Read reads the part within the limits of the package.
func (p *Part) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.read += int64(n)
	p.budget -= int64(n)
	if p.read > p.pkg.limit {
		return 0, unpack.OverLimit(p.pkg.limit).Because(unpack.ErrDamaged)
	}
	if p.budget < 0 {
		return 0, errPartTooLarge
	}
	return n, err
}

// ResetBudget starts the next row or string.
func (p *Part) ResetBudget() { p.budget = partBudget }

// Token returns the kind of the next token; io.EOF at the end of the part.
// Name, attributes and text are valid until the next call.
func (p *Part) Token() (Kind, error) {
	kind, err := p.next()
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, unpack.ErrDamaged) {
		return kind, err
	}
	return 0, p.pkg.src.WrapError(err)
}

// InnerToken returns the next token inside an element, where the end of the
// part is an error.
func (p *Part) InnerToken() (Kind, error) {
	kind, err := p.Token()
	if errors.Is(err, io.EOF) {
		err = p.truncatedError()
	}
	return kind, err
}

// AppendLimited appends more to out up to record.MaxSize+1 bytes; the extra byte
// marks a text that is too long.
func AppendLimited(out, more []byte) []byte {
	return append(out, more[:min(len(more), record.MaxSize+1-len(out))]...)
}

// AppendText appends the text up to the end tag name.
func (p *Part) AppendText(out []byte, name string) ([]byte, error) {
	for {
		kind, err := p.InnerToken()
		if err != nil {
			return out, err
		}
		if kind == Characters {
			out = AppendLimited(out, p.Data)
		}
		if kind == EndTag && p.Is(name) {
			return out, nil
		}
	}
}

// AppendRichText appends the t elements up to the end tag name, without
// phonetic ones.
func (p *Part) AppendRichText(out []byte, name string) ([]byte, error) {
	phonetic := false
	for {
		kind, err := p.InnerToken()
		if err != nil {
			return out, err
		}
		switch {
		case p.Is("rPh") && kind != Characters:
			phonetic = kind == StartTag
		case kind == StartTag && p.Is("t") && !phonetic:
			if out, err = p.AppendText(out, "t"); err != nil {
				return out, err
			}
		case kind == EndTag && p.Is(name):
			return out, nil
		}
	}
}

// truncatedError is the error of a part that ends inside an element.
func (p *Part) truncatedError() error {
	return fmt.Errorf("read workbook: %w: a part ends too early", unpack.ErrDamaged)
}

// Drain reads the rest of the part, to find damage and a wrong checksum there.
func (p *Part) Drain() error {
	_, err := io.Copy(io.Discard, p.body)
	if err == nil || errors.Is(err, unpack.ErrDamaged) {
		return err
	}
	return p.pkg.src.WrapError(err)
}

// BytesRead is the number of unpacked bytes that were read.
func (p *Part) BytesRead() int64 { return p.read }

// Close closes the part.
func (p *Part) Close() { _ = p.body.Close() } // nothing was written

// Unescape replaces escapes such as _x000D_ with their characters, unless
// these are invalid in text.
func Unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			break
		}
		out.WriteString(s[:i])
		s = s[i:]
		r, ok := parseEscape(s)
		if !ok {
			out.WriteString("_x")
			s = s[2:]
			continue
		}
		out.WriteRune(r)
		s = s[len("_x0000_"):]
	}
	out.WriteString(s)
	return out.String()
}

// parseEscape parses the _xHHHH_ at the start of s.
func parseEscape(s string) (rune, bool) {
	if len(s) < 7 || s[6] != '_' {
		return 0, false
	}
	r := rune(0)
	for _, c := range s[2:6] {
		digit := strings.IndexRune("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, r != 0 && (r < 0xd800 || r > 0xdfff)
}
