package blob

// WriteAt writes p at a place. It fails like Write; after Unavailable
// "disk_full" the same call may be repeated.
func (s *Scratch) WriteAt(p []byte, off int64) (int, error) {
	if err := s.reserve(len(p)); err != nil {
		return 0, err
	}
	n, err := s.file.WriteAt(p, off)
	if err != nil {
		return n, roomError("write temporary file", err)
	}
	return n, nil
}

// Truncate sets the length; a part that was never written reads as zeros.
func (s *Scratch) Truncate(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return roomError("extend temporary file", err)
	}
	return nil
}
