package auth

// Holds reports whether the actor is a program whose key has a permission.
func (a Actor) Holds(p Permission) bool { return grants(a.Permissions, p) }

// PasswordProblem says in a sentence why an account with these keys cannot
// have a password, "" when it can.
func PasswordProblem(password, emailKey, usernameKey string) string {
	return passwordProblem(password, emailKey, usernameKey)
}
