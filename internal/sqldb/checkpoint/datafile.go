package checkpoint

import (
	"os"
	"sync"
)

// dataFile is the file of a database, opened beside SQLite to sync it. All Checkpointers of
// the file share it: if any descriptor of a file is closed, the process loses its POSIX locks
// on it, and with them those of SQLite.
type dataFile struct {
	path  string
	users int

	mu   sync.Mutex
	file *os.File // nil: not opened yet
}

var (
	dataFilesMutex sync.Mutex
	dataFiles      = map[string]*dataFile{} // by path
)

// useDataFile returns the data file of a path, until release is called.
func useDataFile(path string) *dataFile {
	dataFilesMutex.Lock()
	defer dataFilesMutex.Unlock()
	f := dataFiles[path]
	if f == nil {
		f = &dataFile{path: path}
		dataFiles[path] = f
	}
	f.users++
	return f
}

// sync waits until the content of the file is on the disk.
func (f *dataFile) sync() (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		if f.file, err = os.OpenFile(f.path, os.O_RDWR, 0); err != nil {
			return err
		}
	}
	return f.file.Sync()
}

// release closes the file at the last user's call. The connections of the user are closed
// already.
func (f *dataFile) release() error {
	dataFilesMutex.Lock()
	defer dataFilesMutex.Unlock()
	if f.users--; f.users > 0 {
		return nil
	}
	delete(dataFiles, f.path)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
