package blob

import (
	"errors"
	"os"
)

const (
	// syncEvery is how much is written before the disk is asked to take it.
	syncEvery = 8 << 20
	// unsyncedMost is how much may wait for the disk: what Commit has to wait
	// for at the end.
	unsyncedMost = 4 * syncEvery
)

// Writer writes one file. It is used by one goroutine.
type Writer struct {
	dir  *Dir
	id   string
	file *os.File
	size int64

	asked  int64      // size when the disk was last asked
	ask    chan int64 // how far to sync, to the goroutine
	synced chan int64 // how far it is synced, from the goroutine
	taken  int64      // the newest of synced
	failed error      // written by the goroutine, read once synced is closed
	closed bool
}

func newWriter(dir *Dir, id string, file *os.File) *Writer {
	w := &Writer{
		dir: dir, id: id, file: file,
		// With room for all that may wait, neither side ever blocks on the
		// other by mistake.
		ask: make(chan int64, unsyncedMost/syncEvery+1), synced: make(chan int64, unsyncedMost/syncEvery+1),
	}
	go w.keepSyncing()
	return w
}

// keepSyncing ends when ask is closed.
func (w *Writer) keepSyncing() {
	defer close(w.synced)
	for upTo := range w.ask {
		// After a failed sync the kernel may drop the data and let the next
		// sync succeed: the first error stands.
		if w.failed == nil {
			w.failed = w.file.Sync()
		}
		w.synced <- upTo
	}
}

// ID is the id of the file, once Commit has succeeded.
func (w *Writer) ID() string { return w.id }

// Size is the number of bytes written so far.
func (w *Writer) Size() int64 { return w.size }

// Write appends p. It waits for the disk when more than 32 MiB are not on it
// yet, so that Commit never has much to wait for. A full disk, or one below the
// minimum of free space, is Unavailable "disk_full".
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.size += int64(n)
	if err != nil {
		return n, roomError("write file", err)
	}
	if w.size-w.asked >= syncEvery {
		if err := w.dir.checkRoom(); err != nil {
			return n, err
		}
		w.asked = w.size
		w.ask <- w.size
	}
	for w.asked-w.taken > unsyncedMost {
		w.taken = <-w.synced
	}
	return n, nil
}

// Commit puts the file on stable storage and under its id. After an error the
// file is gone.
func (w *Writer) Commit() error {
	err := w.stop()
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	if err == nil {
		err = w.dir.root.Rename(unfinished+"/"+w.id, w.id)
	}
	if err == nil {
		err = syncFolder(w.dir.root)
	}
	if err != nil {
		return errors.Join(roomError("keep file", err), w.remove())
	}
	return nil
}

// Abort forgets the file. After Commit it does nothing, so it may be deferred.
func (w *Writer) Abort() {
	if w.closed {
		return
	}
	_ = w.stop()       // nobody wants the file any more
	_ = w.file.Close() // nor this
	_ = w.remove()     // what cannot be removed now, Sweep removes later
}

func (w *Writer) stop() error {
	if w.closed {
		return os.ErrClosed
	}
	w.closed = true
	close(w.ask)
	for range w.synced {
		continue // until the goroutine has ended
	}
	return w.failed
}

func (w *Writer) remove() error {
	err := w.dir.root.Remove(unfinished + "/" + w.id)
	if errors.Is(err, os.ErrNotExist) {
		// Renamed, but the folder could not be synced.
		err = w.dir.root.Remove(w.id)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
