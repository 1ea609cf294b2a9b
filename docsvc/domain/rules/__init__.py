"""Case rules, one module a family; ids are part of the contract."""
