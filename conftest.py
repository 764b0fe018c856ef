"""For runs that take tests of both packages at once."""

# pytest names test modules by their folders, so those of localaws/tests are below "localaws". Imported first, that is
# the package; otherwise pytest would take the folder of the same name for it.
import localaws  # noqa: F401
