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

// readFile returns the key in a file, "" when there is no such file.
func readFile(path string) (string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the secret key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// makeFile puts a new key into a file and returns it, or the one of who made
// the file at the same moment. After a crash there is the whole file or none.
func makeFile(path string) (string, error) {
	if err := putFile(path); err != nil {
		return "", fmt.Errorf("make a secret key: %w", err)
	}
	return readFile(path)
}

func putFile(path string) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-key-") // for nobody else to read
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(temp.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = temp.WriteString(id.Secret(keyBytes) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// A link never replaces a file, as a rename does: of two that make the key
	// at the same time both get the first one's.
	switch err := os.Link(temp.Name(), path); {
	case err == nil, errors.Is(err, fs.ErrExist):
	default: // this disk knows no links
		if err := os.Rename(temp.Name(), path); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder last. Windows writes them through a
// journal and cannot flush a folder.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
