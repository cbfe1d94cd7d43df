// Package outcome stores the results of rows, in compressed batches, and the tags
// that a job created.
package outcome

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sheet/record"
)

// Outcome is the result of a row.
type Outcome byte

// The outcomes; a row has exactly one of them.
const (
	Created Outcome = iota + 1
	Updated
	Unchanged
	Skipped
	Failed
)

var names = [...]string{"", "created", "updated", "unchanged", "skipped", "failed"}

func (o Outcome) String() string { return names[o] }

// Parse returns 0 for an unknown name.
func Parse(name string) Outcome {
	for i, known := range names {
		if i > 0 && known == name {
			return Outcome(i)
		}
	}
	return 0
}

// Counts are the rows of a job or batch by outcome. Read is always the sum of
// the others.
type Counts struct {
	Read      int64 `json:"read"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Skipped   int64 `json:"skipped"`
	Failed    int64 `json:"failed"`
}

// Add counts a row.
func (c *Counts) Add(o Outcome) {
	c.Read++
	*c.of(o)++
}

// AddAll adds other counts.
func (c *Counts) AddAll(more Counts) {
	c.Read += more.Read
	for o := Created; o <= Failed; o++ {
		*c.of(o) += *more.of(o)
	}
}

func (c *Counts) of(o Outcome) *int64 {
	switch o {
	case Created:
		return &c.Created
	case Updated:
		return &c.Updated
	case Unchanged:
		return &c.Unchanged
	case Skipped:
		return &c.Skipped
	case Failed:
	}
	return &c.Failed
}

// Record is the stored result of a row.
type Record struct {
	Outcome Outcome
	Pos     record.Pos
	UserID  string // "": none
	Digest  uint64 // of a dry run: a hash of the planned change; 0: none
	Changes []Change
	Errors  []source.RowError
}

// Codes are the codes of the errors, as a file of failed rows has them.
func (r *Record) Codes() string {
	codes := make([]string, len(r.Errors))
	for i := range r.Errors {
		codes[i] = r.Errors[i].Code
	}
	return strings.Join(codes, "; ")
}

// Change is the change of a field; values of roles and tags are ids.
type Change struct {
	Field string          `json:"f"`
	Old   json.RawMessage `json:"o"`
	New   json.RawMessage `json:"n"`
}

const (
	hasUser = 8 << iota
	hasDigest
	hasExtra
	_           // older versions: the row created the account too
	outcomeMask = 7
)

// Pack encodes the records of a batch in a few bytes a row: positions and ids
// differ little from the row before, and errors of a kind are alike.
func Pack(records []Record) ([]byte, error) {
	plain := make([]byte, 0, len(records)*16)
	var last record.Pos
	var extra []byte
	errorKinds := kinds{}
	for i := range records {
		r := &records[i]
		flags := byte(r.Outcome)
		if r.UserID != "" {
			flags |= hasUser
		}
		if r.Digest != 0 {
			flags |= hasDigest
		}
		if len(r.Changes)+len(r.Errors) > 0 {
			flags |= hasExtra
		}
		plain = append(plain, flags)
		plain = binary.AppendVarint(plain, int64(r.Pos.Line-last.Line))
		plain = binary.AppendVarint(plain, r.Pos.Offset-last.Offset)
		last = r.Pos
		if flags&hasUser != 0 {
			raw, err := hex.DecodeString(r.UserID)
			if err != nil || len(raw) != 12 {
				return nil, fmt.Errorf("pack user id %q", r.UserID)
			}
			plain = append(plain, raw...)
		}
		if flags&hasDigest != 0 {
			plain = binary.LittleEndian.AppendUint64(plain, r.Digest)
		}
		if flags&hasExtra != 0 {
			extra = r.appendExtra(extra[:0], errorKinds)
			plain = binary.AppendUvarint(plain, uint64(len(extra)))
			plain = append(plain, extra...)
		}
	}
	return deflate(plain)
}

// deflaters are reused: each has a megabyte. A sync.Pool would drop them at each
// garbage collection.
var deflaters = make(chan *flate.Writer, 2)

func deflate(plain []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := deflater(&packed)
	if err != nil {
		return nil, err
	}
	defer func() {
		select {
		case deflaters <- w:
		default:
		}
	}()
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

func deflater(into io.Writer) (*flate.Writer, error) {
	select {
	case w := <-deflaters:
		w.Reset(into)
		return w, nil
	default:
		return flate.NewWriter(into, flate.BestSpeed)
	}
}

var errPacked = errors.New("the outcomes of a batch are damaged")

// Unpack decodes the result of Pack.
func Unpack(packed []byte) ([]Record, error) { return UnpackWith(packed) }

// UnpackWith is Unpack for a batch that may have errors with all of texts as column,
// code, value or argument. It returns none if a text does not occur.
func UnpackWith(packed []byte, texts ...string) ([]Record, error) {
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, errors.Join(errPacked, err)
	}
	for _, text := range texts {
		if !escaped(text) && !bytes.Contains(plain, []byte(`"`+text+`"`)) {
			return nil, nil
		}
	}
	in := bytes.NewReader(plain)
	var records []Record
	var errorKinds []kind
	var last record.Pos
	for in.Len() > 0 {
		r, err := unpackOne(in, last, &errorKinds)
		if err != nil {
			return nil, errors.Join(errPacked, err)
		}
		last = r.Pos
		records = append(records, r)
	}
	return records, nil
}

// escaped reports whether JSON may contain a text in another form.
func escaped(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r == utf8.RuneError || strings.ContainsRune("\"\\<>&\u2028\u2029", r)
	})
}

func unpackOne(in *bytes.Reader, last record.Pos, known *[]kind) (r Record, err error) {
	flags, err := in.ReadByte()
	if err != nil {
		return r, err
	}
	r.Outcome = Outcome(flags & outcomeMask)
	if r.Outcome == 0 || r.Outcome > Failed {
		return r, fmt.Errorf("outcome %d", r.Outcome)
	}
	line, err := binary.ReadVarint(in)
	if err != nil {
		return r, err
	}
	offset, err := binary.ReadVarint(in)
	if err != nil {
		return r, err
	}
	r.Pos = record.Pos{Line: last.Line + int(line), Offset: last.Offset + offset}
	if flags&hasUser != 0 {
		var raw [12]byte
		if _, err := io.ReadFull(in, raw[:]); err != nil {
			return r, err
		}
		r.UserID = hex.EncodeToString(raw[:])
	}
	if flags&hasDigest != 0 {
		if err := binary.Read(in, binary.LittleEndian, &r.Digest); err != nil {
			return r, err
		}
	}
	if flags&hasExtra != 0 {
		return r, unpackExtra(in, &r, known)
	}
	return r, nil
}

func unpackExtra(in *bytes.Reader, r *Record, known *[]kind) error {
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return err
	}
	if size > uint64(in.Len()) {
		return io.ErrUnexpectedEOF
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	return r.readExtra(text, known)
}

// Before returns the old value.
func (c *Change) Before() (any, error) { return field.DecodeValue(c.Old) }

// After returns the new value.
func (c *Change) After() (any, error) { return field.DecodeValue(c.New) }

// AddError adds an error of the row.
func (rec *Record) AddError(column, code string, message errs.Sentence, value string) {
	rec.Errors = append(rec.Errors, *source.NewRowError(column, code, message, value))
}

// NewChanges encodes changes.
func NewChanges(changes []member.Change) []Change {
	list := make([]Change, len(changes))
	for i, c := range changes {
		list[i] = Change{Field: c.Field.ID, Old: field.AppendValue(nil, c.Old), New: field.AppendValue(nil, c.New)}
	}
	return list
}

// Kept reports whether a row of an undo has something that was kept. A member who is
// gone has nothing.
func (r *Record) Kept() bool {
	return slices.ContainsFunc(r.Errors, func(e source.RowError) bool { return e.Column != "" || e.Code != "already_gone" })
}
