from argon2 import PasswordHasher

from docsvc.adapters.passwords import Argon2Passwords


def test_a_password_matches_its_own_hash_alone():
    passwords = Argon2Passwords()
    kept = passwords.hash("缓慢的散列 slow hash 7")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches("缓慢的散列 slow hash 7", kept)
    assert not passwords.matches("缓慢的散列 slow hash 8", kept)
    assert not passwords.outdated(kept)


def test_the_same_password_never_has_the_same_hash():
    passwords = Argon2Passwords()
    assert passwords.hash("once more 1234") != passwords.hash("once more 1234")


def test_weaker_parameters_are_outdated_and_still_match():
    passwords = Argon2Passwords()
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("from another time")
    assert passwords.matches("from another time", weak)
    assert passwords.outdated(weak)


def test_nobody_signs_in_with_a_hash_that_is_none():
    passwords = Argon2Passwords()
    assert not passwords.matches("", "")
    assert not passwords.matches("x", "plain text")
    assert not passwords.matches("x", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$")
