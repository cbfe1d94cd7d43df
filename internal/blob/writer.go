package blob

import (
	"errors"
	"os"
)

const (
	// syncEvery is the number of bytes between syncs.
	syncEvery = 8 << 20
	// maxUnsynced bounds the unsynced bytes, and so the duration of Commit.
	maxUnsynced = 4 * syncEvery
)

// diskWriter is the Writer of a Dir.
type diskWriter struct {
	dir  *Dir
	id   string
	file *os.File
	size int64

	requested  int64      // size at the last request
	requests   chan int64 // sizes to sync, to the goroutine
	synced     chan int64 // synced sizes, from the goroutine
	syncedSize int64      // latest value of synced
	syncErr    error      // set by the goroutine, read once synced is closed
	closed     bool
}

func newWriter(dir *Dir, id string, file *os.File) *diskWriter {
	w := &diskWriter{
		dir: dir, id: id, file: file,
		// Buffered for all unsynced bytes, so that neither side blocks the other.
		requests: make(chan int64, maxUnsynced/syncEvery+1), synced: make(chan int64, maxUnsynced/syncEvery+1),
	}
	dir.writing.Store(id, true)
	go w.syncLoop()
	return w
}

// syncLoop ends when requests is closed.
func (w *diskWriter) syncLoop() {
	defer close(w.synced)
	for upTo := range w.requests {
		// After a failed sync the kernel may drop the data and let the next
		// sync succeed: remember the first error.
		if w.syncErr == nil {
			w.syncErr = w.file.Sync()
		}
		w.synced <- upTo
	}
}

func (w *diskWriter) ID() string { return w.id }

func (w *diskWriter) Size() int64 { return w.size }

// Write waits while more than 32 MiB are unsynced, so that Commit is fast.
func (w *diskWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.size += int64(n)
	if err != nil {
		return n, wrapError("write file", err)
	}
	if w.size-w.requested >= syncEvery {
		if err := w.dir.checkFree(); err != nil {
			return n, err
		}
		w.requested = w.size
		w.requests <- w.size
	}
	for w.requested-w.syncedSize > maxUnsynced {
		w.syncedSize = <-w.synced
	}
	return n, nil
}

func (w *diskWriter) Commit() error {
	defer w.dir.writing.Delete(w.id)
	err := w.stop()
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	if err == nil {
		err = w.dir.root.Rename(unfinishedDir+"/"+w.id, w.id)
	}
	if err == nil {
		err = syncDir(w.dir.root)
	}
	if err != nil {
		return errors.Join(wrapError("commit file", err), w.remove())
	}
	return nil
}

func (w *diskWriter) Abort() {
	if w.closed {
		return
	}
	defer w.dir.writing.Delete(w.id)
	// Errors are ignored: Sweep deletes the rest.
	_ = w.stop()
	_ = w.file.Close()
	_ = w.remove()
}

func (w *diskWriter) stop() error {
	if w.closed {
		return os.ErrClosed
	}
	w.closed = true
	close(w.requests)
	for range w.synced {
		continue // wait for the goroutine
	}
	return w.syncErr
}

func (w *diskWriter) remove() error {
	err := w.dir.root.Remove(unfinishedDir + "/" + w.id)
	if errors.Is(err, os.ErrNotExist) {
		// Renamed, but the directory was not synced.
		err = w.dir.root.Remove(w.id)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
