package s3

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
)

const (
	blockBytes = 1 << 20
	maxBlocks  = 4 // in memory, of one file
)

// file reads an object in blocks. Sequential reads fetch the next block in advance.
type file struct {
	bucket   *Bucket
	ctx      context.Context //nolint:containedctx // io.ReaderAt takes none
	stop     context.CancelFunc
	name     string
	etag     string
	size     int64
	modified time.Time

	offset int64 // of Read and Seek; not for concurrent use

	mu     sync.Mutex
	blocks []*block // the latest used last
}

// block is a part of the object, or the request for it.
type block struct {
	number int64
	ready  chan struct{} // closed when data or err is set
	data   []byte
	err    error
}

func newFile(ctx context.Context, b *Bucket, name string, info minio.ObjectInfo) *file {
	f := &file{bucket: b, name: name, etag: info.ETag, size: info.Size, modified: info.LastModified}
	f.ctx, f.stop = context.WithCancel(ctx)
	return f
}

func (f *file) Size() int64 { return f.size }

func (f *file) Modified() time.Time { return f.modified }

// Close ends all requests.
func (f *file) Close() error {
	f.stop()
	f.mu.Lock()
	open := f.blocks
	f.blocks = nil
	f.mu.Unlock()
	for _, b := range open {
		<-b.ready
	}
	return nil
}

// Read reads from the position of Seek.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek sets the position of Read.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return f.offset, fs.ErrInvalid
	}
	f.offset = offset
	return offset, nil
}

// ReadAt implements io.ReaderAt. It fails with Unavailable "files_unavailable" if
// the service does not answer, and with NotFound "file_not_found" if the file was
// deleted meanwhile.
func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= f.size {
			return n, io.EOF
		}
		b := f.block(at / blockBytes)
		<-b.ready
		if b.err != nil {
			f.forget(b)
			return n, b.err
		}
		n += copy(p[n:], b.data[at%blockBytes:])
	}
	return n, nil
}

// block returns a block, which may still be read.
func (f *file) block(number int64) *block {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.find(number)
	if b == nil {
		b = f.fetch(number)
	}
	if next := number + 1; next*blockBytes < f.size && f.find(next) == nil && f.has(number-1) {
		f.fetch(next)
		f.find(number)
	}
	return b
}

// has reports whether a block is in memory.
func (f *file) has(number int64) bool {
	for _, b := range f.blocks {
		if b.number == number {
			return true
		}
	}
	return false
}

// find returns a block in memory and marks it as the latest used; nil: none.
func (f *file) find(number int64) *block {
	for i, b := range f.blocks {
		if b.number == number {
			f.blocks = append(append(f.blocks[:i], f.blocks[i+1:]...), b)
			return b
		}
	}
	return nil
}

// fetch begins to read a block in place of the one that was not used for longest.
func (f *file) fetch(number int64) *block {
	if len(f.blocks) >= maxBlocks {
		f.blocks = f.blocks[1:]
	}
	b := &block{number: number, ready: make(chan struct{})}
	f.blocks = append(f.blocks, b)
	go func() {
		defer close(b.ready)
		b.data, b.err = f.request(number)
	}()
	return b
}

// forget removes a failed block, so that it can be read again.
func (f *file) forget(failed *block) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, b := range f.blocks {
		if b == failed {
			f.blocks = append(f.blocks[:i], f.blocks[i+1:]...)
			return
		}
	}
}

// retryFor is the time after which a failed block is not read again.
const retryFor = stallTimeout

// request reads a block, several times if the connection is cut within the answer.
func (f *file) request(number int64) (data []byte, err error) {
	var now clock.Clock
	last := now.Now().Add(retryFor)
	pause := 50 * time.Millisecond
	for try := 1; ; try++ {
		data, err = f.requestOnce(number)
		if err == nil || try == 5 || now.Now().After(last) || !errs.Is(err, "files_unavailable") {
			return data, err
		}
		select {
		case <-f.ctx.Done():
			return nil, context.Cause(f.ctx)
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (f *file) requestOnce(number int64) (data []byte, err error) {
	from := number * blockBytes
	data = make([]byte, min(blockBytes, f.size-from))
	var o minio.GetObjectOptions
	if err := errors.Join(o.SetRange(from, from+int64(len(data))-1), o.SetMatchETag(f.etag)); err != nil {
		return nil, err
	}
	body, _, _, err := f.bucket.client.GetObject(f.ctx, f.bucket.config.Bucket, f.name, o)
	if err != nil {
		return nil, f.bucket.wrapError(f.ctx, "read file", err)
	}
	_, err = io.ReadFull(body, data)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, f.bucket.wrapError(f.ctx, "read file", err)
	}
	return data, f.bucket.wrapError(f.ctx, "read file", nil)
}
