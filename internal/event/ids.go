package event

import (
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/regulars/regulars/internal/id"
)

// IDs are ids of 24 hex digits as 12 bytes each, concatenated. Their JSON is
// base64.
type IDs []byte

// packedSize is the size of an id in IDs.
const packedSize = id.Size / 2

// Add appends a valid id.
func (ids IDs) Add(s string) IDs {
	packed, err := hex.AppendDecode(ids, []byte(s))
	if err != nil {
		panic(fmt.Sprintf("event: invalid id %q", s)) //nolint:forbidigo // ids are made by package id
	}
	return packed
}

// Len returns the number of ids.
func (ids IDs) Len() int { return len(ids) / packedSize }

// All iterates over the ids.
func (ids IDs) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := ids; len(rest) >= packedSize; rest = rest[packedSize:] {
			if !yield(hex.EncodeToString(rest[:packedSize])) {
				return
			}
		}
	}
}

// Created returns the ids of the members that an event of the type
// members.imported reports as new, in file order.
func Created(e *Event) (IDs, error) {
	var data struct {
		Created IDs `json:"created"`
	}
	return data.Created, e.Decode(&data)
}

// Removed is Created for members that the undo of an import removed.
func Removed(e *Event) (IDs, error) {
	var data struct {
		Removed IDs `json:"removed"`
	}
	return data.Removed, e.Decode(&data)
}
