package bulk

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
)

// Outcome is what became of a row.
type Outcome byte

// The outcomes; every row has exactly one of them.
const (
	Created Outcome = iota + 1
	Updated
	Unchanged
	Skipped
	RowFailed
)

var outcomeNames = [...]string{"", "created", "updated", "unchanged", "skipped", "failed"}

func (o Outcome) String() string { return outcomeNames[o] }

// parseOutcome returns 0 for a name that is none.
func parseOutcome(name string) Outcome {
	for i, known := range outcomeNames {
		if i > 0 && known == name {
			return Outcome(i)
		}
	}
	return 0
}

// Counts are the rows of a job or piece by outcome. Read is the sum of the
// others, always.
type Counts struct {
	Read      int64 `json:"read"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Skipped   int64 `json:"skipped"`
	Failed    int64 `json:"failed"`
}

func (c *Counts) add(o Outcome) {
	c.Read++
	*c.of(o)++
}

func (c *Counts) addAll(more Counts) {
	c.Read += more.Read
	for o := Created; o <= RowFailed; o++ {
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
	case RowFailed:
	}
	return &c.Failed
}

// record is what is kept of one row.
type record struct {
	Outcome  Outcome
	Pos      sheet.Pos
	UserID   string // "": nobody
	Digest   uint64 // of a dry run: what the row would do; 0: not kept
	Changes  []storedChange
	Problems []Problem
}

// storedChange is one changed field; of roles and tags the values are ids.
type storedChange struct {
	Field string          `json:"f"`
	Old   json.RawMessage `json:"o"`
	New   json.RawMessage `json:"n"`
}

const (
	hasUser = 8 << iota
	hasDigest
	hasRest
	_           // older versions: the row made the account too
	outcomeMask = 7
)

type rest struct {
	Changes  []storedChange `json:"c,omitempty"`
	Problems []Problem      `json:"p,omitempty"`
}

// pack encodes the records of a piece: a few bytes a row, since neighbours
// share most of their position and id.
func pack(records []record) ([]byte, error) {
	plain := make([]byte, 0, len(records)*16)
	var last sheet.Pos
	for i := range records {
		r := &records[i]
		flags := byte(r.Outcome)
		if r.UserID != "" {
			flags |= hasUser
		}
		if r.Digest != 0 {
			flags |= hasDigest
		}
		if len(r.Changes)+len(r.Problems) > 0 {
			flags |= hasRest
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
		if flags&hasRest != 0 {
			text, err := r.rest()
			if err != nil {
				return nil, err
			}
			plain = binary.AppendUvarint(plain, uint64(len(text)))
			plain = append(plain, text...)
		}
	}
	return deflate(plain)
}

// rest is what there is of few rows, or of changed ones: those need no
// reflection, since ids and values are JSON already.
func (r *record) rest() ([]byte, error) {
	if len(r.Problems) > 0 {
		return json.Marshal(rest{r.Changes, r.Problems})
	}
	text := make([]byte, 0, 128*len(r.Changes))
	for i, c := range r.Changes {
		begin := `,{"f":`
		if i == 0 {
			begin = `{"c":[{"f":`
		}
		text = append(field.AppendValue(append(text, begin...), c.Field), `,"o":`...)
		text = append(append(append(text, c.Old...), `,"n":`...), c.New...)
		text = append(text, '}')
	}
	return append(text, "]}"...), nil
}

// deflaters are kept for the next piece: each takes a megabyte. A sync.Pool
// would lose them at each collection.
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

var errPacked = errors.New("outcomes of a piece are damaged")

// unpack is the reverse of pack.
func unpack(packed []byte) ([]record, error) {
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, errors.Join(errPacked, err)
	}
	in := bytes.NewReader(plain)
	var records []record
	var last sheet.Pos
	for in.Len() > 0 {
		r, err := unpackOne(in, last)
		if err != nil {
			return nil, errors.Join(errPacked, err)
		}
		last = r.Pos
		records = append(records, r)
	}
	return records, nil
}

func unpackOne(in *bytes.Reader, last sheet.Pos) (r record, err error) {
	flags, err := in.ReadByte()
	if err != nil {
		return r, err
	}
	r.Outcome = Outcome(flags & outcomeMask)
	if r.Outcome == 0 || r.Outcome > RowFailed {
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
	r.Pos = sheet.Pos{Line: last.Line + int(line), Offset: last.Offset + offset}
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
	if flags&hasRest != 0 {
		return r, unpackRest(in, &r)
	}
	return r, nil
}

func unpackRest(in *bytes.Reader, r *record) error {
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
	var rest rest
	if err := json.Unmarshal(text, &rest); err != nil {
		return err
	}
	r.Changes, r.Problems = rest.Changes, rest.Problems
	return nil
}
