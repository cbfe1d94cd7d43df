package field

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// The binary form of records and values is for temporary files of the process
// that wrote them. It is never stored.

var errBinary = errors.New("the binary form of a record is damaged")

// BinaryReader reads what AppendBinary, AppendBinaryValue and the Append
// functions of package binary have appended. Its strings share the memory of
// the text.
type BinaryReader struct {
	Text string
	Err  error // the first error; later reads return zero values
}

// Fail records that the form is damaged.
func (in *BinaryReader) Fail() {
	in.Text = ""
	if in.Err == nil {
		in.Err = errBinary
	}
}

// Uint reads an unsigned varint.
func (in *BinaryReader) Uint() (n uint64) {
	for i := 0; i < len(in.Text) && i < binary.MaxVarintLen64; i++ {
		c := in.Text[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			in.Text = in.Text[i+1:]
			return n
		}
	}
	in.Fail()
	return 0
}

// Int reads a signed varint.
func (in *BinaryReader) Int() int64 {
	n := in.Uint()
	return int64(n>>1) ^ -int64(n&1) // zigzag, as binary.AppendVarint
}

// String reads a text with a length prefix.
func (in *BinaryReader) String() string {
	n := in.Uint()
	if n > uint64(len(in.Text)) {
		in.Fail()
		return ""
	}
	text := in.Text[:n]
	in.Text = in.Text[n:]
	return text
}

// Strings reads a list of texts; nil if it was nil.
func (in *BinaryReader) Strings() []string {
	n := in.Uint()
	if n == 0 {
		return nil
	}
	if n--; n > uint64(len(in.Text)) {
		in.Fail()
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = in.String()
	}
	return list
}

const (
	binaryNil = iota
	binaryString
	binaryNumber
	binaryFalse
	binaryTrue
	binaryList
)

// AppendBinaryValue appends the value of a field to b.
func AppendBinaryValue(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, binaryNil), nil
	case string:
		return AppendText(append(b, binaryString), v), nil
	case json.Number:
		return AppendText(append(b, binaryNumber), string(v)), nil
	case bool:
		if v {
			return append(b, binaryTrue), nil
		}
		return append(b, binaryFalse), nil
	case []string:
		return AppendTexts(append(b, binaryList), v), nil
	}
	return nil, fmt.Errorf("binary form of a value: unexpected type %T", value)
}

// Value reads the value of a field.
func (in *BinaryReader) Value() any {
	switch in.Uint() {
	case binaryNil:
		return nil
	case binaryString:
		return in.String()
	case binaryNumber:
		return json.Number(in.String())
	case binaryFalse:
		return false
	case binaryTrue:
		return true
	case binaryList:
		return in.Strings()
	}
	in.Fail()
	return nil
}

// AppendText appends a text that BinaryReader.String reads.
func AppendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// AppendTexts writes the length plus one, 0 for nil.
func AppendTexts(b []byte, list []string) []byte {
	if list == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(list))+1)
	for _, text := range list {
		b = AppendText(b, text)
	}
	return b
}

// NewBinaryReader returns a reader of a copy of b.
func NewBinaryReader(b []byte) *BinaryReader {
	return &BinaryReader{Text: string(b)}
}
