using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

/// <summary>What all cmdlets have in common.</summary>
public sealed class ConventionTests : IDisposable
{
    private static readonly string[] ReadOnlyVerbs = ["Get", "Find", "Compare", "Test"];

    // It brings something into the session, and into nothing else.
    private static readonly string[] ReadOnlyCommands = ["Import-ClusterPlan"];

    private readonly Session _session = new();

    private IEnumerable<CmdletInfo> Commands => _session.Run("Get-Command -Module Sealer").Select(o => (CmdletInfo)o.BaseObject);

    public void Dispose() => _session.Dispose();

    [Fact]
    public void What_changes_something_asks_before_and_what_does_not_does_not()
    {
        foreach (var command in Commands)
            Assert.True(command.Parameters.ContainsKey("WhatIf") != (ReadOnlyVerbs.Contains(command.Verb) || ReadOnlyCommands.Contains(command.Name)), command.Name);
    }

    [Fact]
    public void Every_command_says_what_it_returns_and_returns_something_where_it_is_asked_to()
    {
        foreach (var command in Commands)
            Assert.True(command.OutputType.Count > 0, command.Name);
        foreach (var name in new[] { "Remove-ClusterImage", "Export-ClusterImage", "Dismount-ClusterImage", "Connect-ClusterRegistry", "Disconnect-ClusterRegistry", "Invoke-ClusterCommand", "Add-ClusterHostAlias", "Remove-ClusterHostAlias" })
            Assert.True(Commands.Single(c => c.Name == name).Parameters.ContainsKey("PassThru"), name);
    }

    [Fact]
    public void Platforms_names_of_images_and_registries_are_completed()
    {
        foreach (var (command, parameter) in Parameters())
        {
            var type = parameter.ParameterType.IsArray ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
            var completer = parameter.Attributes.OfType<ArgumentCompleterAttribute>().SingleOrDefault()?.Type.Name;
            var wanted = type.Name switch
            {
                "Platform" => "PlatformCompleter",
                "ImageReference" => "ImageNameCompleter",
                _ when (parameter.Name == "Name" && command.Noun.StartsWith("ClusterImage", StringComparison.Ordinal)) || parameter.Name is "ReferenceImage" or "DifferenceImage" => "ImageNameCompleter",
                _ when parameter.Name == "Registry" => "RegistryCompleter",
                _ => completer,
            };
            Assert.True(completer == wanted, $"{command.Name} -{parameter.Name} is completed by {completer ?? "nobody"}");
        }
    }

    [Fact]
    public void The_main_object_comes_through_the_pipeline()
    {
        foreach (var command in Commands.Where(c => c.Noun != "ClusterImageStore"))
            Assert.True(command.Parameters.Values.Any(p => p.ParameterSets.Values.Any(set => set.ValueFromPipeline)), command.Name);
    }

    [Fact]
    public void A_secret_is_never_text()
    {
        foreach (var (command, parameter) in Parameters())
        {
            Assert.False(parameter.ParameterType != typeof(System.Security.SecureString) && (parameter.Name.Contains("Password", StringComparison.OrdinalIgnoreCase) || parameter.Name.Contains("Token", StringComparison.OrdinalIgnoreCase)), command.Name);
            if (parameter.Name == "Credential")
                Assert.Equal(typeof(PSCredential), parameter.ParameterType);
        }
    }

    [Theory]
    [InlineData("Build-ClusterImage", "Type Mode Pull Platform BuildArgument Label Annotation NoCache ImageList IgnoredImage")]
    [InlineData("Export-ClusterImage", "Platform Format SplitSize")]
    [InlineData("Import-ClusterImage", "Platform Tag")]
    [InlineData("Publish-ClusterImage", "Platform Destination Credential PlainHttp SkipCertificateCheck CertificateAuthority ClientCertificate ClientCertificateKey TrustedRealm")]
    [InlineData("Receive-ClusterImage", "Platform Credential PlainHttp SkipCertificateCheck CertificateAuthority ClientCertificate ClientCertificateKey TrustedRealm")]
    [InlineData("Copy-ClusterImage", "Destination Remote Platform Credential")]
    [InlineData("Get-ClusterImage", "Platform All")]
    [InlineData("Mount-ClusterImage", "Platform Extract")]
    [InlineData("Compare-ClusterImage", "Platform Area")]
    [InlineData("Test-ClusterImage", "Platform Path Quiet")]
    [InlineData("Merge-ClusterImage", "Platform Tag")]
    public void It_has_its_parameters(string name, string parameters) =>
        Assert.All(parameters.Split(' '), parameter => Assert.True(Commands.Single(c => c.Name == name).Parameters.ContainsKey(parameter), parameter));

    private IEnumerable<(CmdletInfo Command, ParameterMetadata Parameter)> Parameters() =>
        from command in Commands
        from parameter in command.Parameters.Values
        where !Cmdlet.CommonParameters.Contains(parameter.Name) && !Cmdlet.OptionalCommonParameters.Contains(parameter.Name)
        select (command, parameter);
}
