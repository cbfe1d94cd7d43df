package unpack

import (
	"errors"
	"io"
)

// ErrDamaged is in the chain of every error caused by a broken file. Reading
// it again does not help.
var ErrDamaged = errors.New("damaged file")

// Scratch is a temporary file. Close deletes it.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}
