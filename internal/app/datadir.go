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

var errDataDirInUse = errors.New("another server is running on this data folder")

// dirLock is the lock of a server on its data folder. The operating system
// releases it when the process ends.
type dirLock struct{ file *os.File }

// acquireDataDir is lockDataDir with retries: dataDirInUse acquires the lock for
// a moment, which must not prevent a server from starting.
func acquireDataDir(path string) (lock *dirLock, err error) {
	for range 10 {
		if lock, err = lockDataDir(path); !errors.Is(err, errDataDirInUse) {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	return lock, err
}

// lockDataDir locks a data folder and creates it if missing. It does not wait;
// it returns errDataDirInUse if a server has the lock.
func lockDataDir(path string) (*dirLock, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	file, err := openLocked(filepath.Join(path, "server.lock"))
	if errors.Is(err, errFileInUse) {
		return nil, fmt.Errorf("%w: %s", errDataDirInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return &dirLock{file}, nil
}

func (l *dirLock) release() error { return l.file.Close() }

// dataDirInUse reports whether a server is running on the data folder.
func dataDirInUse(path string) (bool, error) {
	lock, err := lockDataDir(path)
	if errors.Is(err, errDataDirInUse) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, lock.release()
}

// nodeID returns the node id of the server on a data folder, the same at each
// start on one machine. The caller must have the lock of the folder, so that no
// other process uses the id.
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
	nodeID, nodeHost, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	if id.Valid(nodeID) && nodeHost == host { // else the folder was copied
		return nodeID, nil
	}
	created := id.New(now)
	return created, os.WriteFile(path, []byte(created+" "+host+"\n"), 0o600)
}
