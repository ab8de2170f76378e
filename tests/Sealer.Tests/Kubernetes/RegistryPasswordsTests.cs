using Sealer.Kubernetes.Runtimes;

namespace Sealer.Tests.Kubernetes;

public sealed class RegistryPasswordsTests
{
    [Fact]
    public void A_file_lets_in_its_user_with_its_password_and_nobody_else()
    {
        var file = RegistryPasswords.FileOf("ops", Secret.Of("s3cret:pass"));
        Assert.Matches(@"^ops:\$2a\$10\$[./A-Za-z0-9]{53}\n$", file);
        Assert.True(RegistryPasswords.Admits(file, "ops", Secret.Of("s3cret:pass")));
        Assert.False(RegistryPasswords.Admits(file, "ops", Secret.Of("another")));
        Assert.False(RegistryPasswords.Admits(file, "op", Secret.Of("s3cret:pass")));
        Assert.False(RegistryPasswords.Admits($"{file}more:$2a$10$x\n", "ops", Secret.Of("s3cret:pass")));
        Assert.False(RegistryPasswords.Admits("ops:plain\n", "ops", Secret.Of("plain")));
        Assert.False(RegistryPasswords.Admits("", "ops", Secret.Of("plain")));
        Assert.NotEqual(file, RegistryPasswords.FileOf("ops", Secret.Of("s3cret:pass")));
    }
}
