using Sealer.Registries;
using Sealer.Registries.Credentials;

namespace Sealer.Tests.Registries;

public sealed class CredentialHelperTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData("credentials not found in native keychain", null)]
    [InlineData("the keychain is locked", "CredentialHelperFailed")]
    public async Task A_secret_that_the_helper_keeps_is_not_said_to_be_forgotten(string says, string? id)
    {
        Directory.CreateDirectory(_folder["bin"]);
        File.WriteAllText(_folder["bin/docker-credential-test"], $"#!/bin/sh\ncat >/dev/null\n[ $1 = erase ] || exit 0\necho '{says}'\nexit 1\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder["bin/docker-credential-test"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllText(_folder["auth.json"], """{"credsStore":"test","auths":{"r.example":{}}}""");
        var store = new CredentialStore(new CredentialPlaces(_folder["auth.json"], [], _folder["bin"]));
        if (id is null)
        {
            Assert.True(await store.RemoveAsync("r.example", default));
            return;
        }

        Assert.Equal(id, (await Assert.ThrowsAsync<SealerException>(() => store.RemoveAsync("r.example", default))).Id);
        Assert.Equal(["r.example"], await store.ListAsync(default));
    }
}
