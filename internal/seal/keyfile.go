package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/regulars/regulars/internal/id"
)

// readKeyFile returns the key in a file, "" if the file does not exist.
func readKeyFile(path string) (string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the secret key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// createKeyFile writes a new key to a file and returns it, or the key of another
// process that created the file at the same moment. After a crash the file is
// complete or missing.
func createKeyFile(path string) (string, error) {
	if err := writeKeyFile(path); err != nil {
		return "", fmt.Errorf("create a secret key: %w", err)
	}
	return readKeyFile(path)
}

func writeKeyFile(path string) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-key-") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if failed := os.Remove(temp.Name()); !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}()
	_, err = temp.WriteString(id.Secret(keyBytes) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// Unlike a rename, a link never replaces a file: concurrent processes all
	// use the first key.
	switch err := os.Link(temp.Name(), path); {
	case err == nil, errors.Is(err, fs.ErrExist):
	default: // no support for hard links
		if err := os.Rename(temp.Name(), path); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes new file names durable. Windows journals them and cannot flush a
// directory.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
