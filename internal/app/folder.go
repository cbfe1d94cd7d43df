package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/id"
)

// errFolderInUse: a server or demo runs on the data folder.
var errFolderInUse = errors.New("another server is running on this data folder")

// folderLock is held while a server runs on a data folder. The system lets it
// go when the process ends, however it ends.
type folderLock struct{ file *os.File }

// claimFolder is lockFolder for a server: a command that only looks whether
// one runs holds the lock for a moment, and must not keep one from starting.
func claimFolder(path string) (lock *folderLock, err error) {
	for range 10 {
		if lock, err = lockFolder(path); !errors.Is(err, errFolderInUse) {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	return lock, err
}

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

// folderInUse reports whether a server runs on the data folder right now.
func folderInUse(path string) (bool, error) {
	lock, err := lockFolder(path)
	if errors.Is(err, errFolderInUse) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, lock.release()
}

// nodeID is the id that the server on a data folder has at each start on the
// same machine. Call it with the folder's lock: then the process that had the
// id before is gone.
func nodeID(folder string, now time.Time) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "node")
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	known, on, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	if id.Valid(known) && on == host { // a copied folder is another node
		return known, nil
	}
	made := id.New(now)
	return made, os.WriteFile(path, []byte(made+" "+host+"\n"), 0o600)
}
