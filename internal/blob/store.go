package blob

import (
	"context"
	"io"
	"time"
)

// Store stores immutable files by id. A file appears completely or not at all. Its
// owner decides when to delete it. A Store is safe for concurrent use by many
// goroutines and processes. Methods fail with Unavailable "files_unavailable" while
// a storage service does not answer.
type Store interface {
	// Create starts a file. The caller ends it with Commit or Abort. ctx ends its
	// writes too.
	Create(ctx context.Context) (Writer, error)
	// CreateAs is Create with a given id, for a restore.
	CreateAs(ctx context.Context, fileID string) (Writer, error)
	// Open opens a committed file; ctx ends its reads too. It returns NotFound
	// "file_not_found" if the file is missing or fileID is not an id.
	Open(ctx context.Context, fileID string) (File, error)
	// Delete deletes a committed file. A missing file is not an error.
	Delete(ctx context.Context, fileID string) error
	// List calls visit for each committed file in order of ids and stops at the
	// first error. Files deleted meanwhile are skipped.
	List(ctx context.Context, visit func(fileID string, size int64, modified time.Time) error) error
	// Sweep deletes unfinished files of crashed writers, begun or last written
	// before the given time, and returns their number.
	Sweep(ctx context.Context, before time.Time) (removed int, err error)
	// ReadOrigin is the origin of ReadAddress, such as https://files.example.com; "" if
	// clients read files from this server only.
	ReadOrigin() string
	// ReadAddress returns an address at which a client without a credential can begin
	// to read a committed file for the time ReadFor, by GET, also in parts; "" if clients
	// read files from this server only. The caller has checked that the client may read
	// the file, and does not log the address.
	ReadAddress(ctx context.Context, fileID string, o ReadOptions) (string, error)
	// Shared reports whether other nodes have the same files.
	Shared() bool
	Close() error
}

// ReadFor is the time for which an address of ReadAddress is valid.
const ReadFor = 2 * time.Minute

// ReadOptions are headers of the answer at an address; "" leaves one out.
type ReadOptions struct{ Type, Disposition, CacheControl string }

// Writer writes one file. It is not safe for concurrent use.
type Writer interface {
	// Write appends p. It returns Unavailable "disk_full" if the disk is full or
	// below the minimum of free space.
	Write(p []byte) (int, error)
	// ID returns the id of the file, valid once Commit has succeeded.
	ID() string
	// Size returns the number of bytes written so far.
	Size() int64
	// Commit makes the file durable and visible under its id. After an error the
	// file is deleted.
	Commit() error
	// Abort discards the file. After Commit it does nothing, so it may be deferred.
	Abort()
}

// File is a committed file. ReadAt may be called concurrently.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	// Size returns the length in bytes.
	Size() int64
	// Modified returns the time of the last write.
	Modified() time.Time
}
