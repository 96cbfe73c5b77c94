#include <sys/time.h>
#include <ldap.h>
#include <ldap_schema.h>
