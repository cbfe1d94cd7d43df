package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errFolderInUse: a server or demo runs on the data folder.
var errFolderInUse = errors.New("another server is running on this data folder")

// folderLock is held while a server runs on a data folder. The system lets it
// go when the process ends, however it ends.
type folderLock struct{ file *os.File }

// lockFolder takes the lock of a data folder, which it makes where it is
// missing. It fails with errFolderInUse and does not wait.
func lockFolder(path string) (*folderLock, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	file, err := openLocked(filepath.Join(path, "server.lock"))
	if errors.Is(err, errFolderInUse) {
		return nil, fmt.Errorf("%w: %s", errFolderInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return &folderLock{file}, nil
}

func (l *folderLock) release() error { return l.file.Close() }
