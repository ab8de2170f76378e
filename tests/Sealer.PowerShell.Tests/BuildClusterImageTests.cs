using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

public sealed class BuildClusterImageTests : IAsyncLifetime
{
    private readonly Session _session = new();
    private readonly LoopbackRegistry _registry = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-build-").FullName;

    private string PlainHttp => $"-PlainHttp {_registry.Domain}";

    public Task InitializeAsync()
    {
        _registry.Add("library/web", "v1");
        Write("app/Kubefile", "FROM scratch\nARG WHO=world\nCOPY manifests manifests\nLABEL who=$WHO\nCMDS [\"kubectl apply -f manifests\"]\n");
        Write("app/manifests/web.yaml", $"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {_registry.Domain}/library/web:v1\n");
        _session.Run($"$null = $ExecutionContext.SessionState.Path.SetLocation('{_folder}')");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try("Get-ClusterImage built* | Remove-ClusterImage");
        _session.Dispose();
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void An_image_is_built_with_its_container_images_exported_imported_and_verified()
    {
        var image = Assert.Single(_session.Run($"Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64 {PlainHttp}"));
        Assert.Equal("built:v1", image.Properties["Name"].Value);
        Assert.Equal($"{_registry.Domain}/library/web:v1", _session.Run("param($i) $i.ContainerImages.Image", image)[0].ToString());

        _session.Run("param($i) $i | Export-ClusterImage -Path ./built.tar; $i | Remove-ClusterImage", image);
        var verified = Assert.Single(_session.Run("Import-ClusterImage ./built.tar | Test-ClusterImage"));
        Assert.Equal(true, verified.Properties["Passed"].Value);
        Assert.Equal(1, verified.Properties["ContainerImages"].Value);
    }

    [Fact]
    public void Several_platforms_and_names_are_one_image()
    {
        _session.Run("$null = Build-ClusterImage ./app -Tag built:v1, built:latest -Mode Lite -Platform linux/amd64, linux/arm64");
        Assert.Equal(2, _session.Run("(Get-ClusterImage built).Platforms").Count);
        Assert.Single(_session.Run("(Get-ClusterImage built:*).Digest | ForEach-Object ToString").Select(o => o.ToString()).Distinct());
    }

    [Theory]
    [InlineData("@{ WHO = 'a=b=c' }")]
    [InlineData("'WHO=a=b=c'")]
    [InlineData("'OTHER=1', 'WHO=a=b=c'")]
    public void Arguments_may_hold_equals_signs(string argument)
    {
        Write("app/Kubefile", "FROM scratch\nARG WHO\nARG OTHER\nCOPY manifests manifests\nLABEL who=$WHO\n");
        Assert.Equal("a=b=c", _session.Run($"(Build-ClusterImage ./app -Tag built:v1 -Mode Lite -BuildArgument {argument}).Labels['who']")[0].ToString());
    }

    [Fact]
    public void An_argument_without_a_value_is_refused()
    {
        var error = Assert.Single(_session.Run("try { Build-ClusterImage ./app -Tag built:v1 -BuildArgument WHO } catch { $_ }"));
        Assert.Contains("name=value", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_shows_instructions_layers_and_who_asks_for_which_image()
    {
        var output = _session.Run("Build-ClusterImage ./app -Tag built:v1 -WhatIf -InformationVariable told; $told[0].MessageData");
        Assert.Equal("Sealer.Images.Building.BuildPreview", Assert.Single(output).TypeNames[0]);
        var shown = _session.Host.Screen.ToString();
        Assert.Contains("What if: Build built:v1", shown, StringComparison.Ordinal);
        Assert.Contains("COPY manifests manifests", shown, StringComparison.Ordinal);
        Assert.Contains("a layer of 1 file", shown, StringComparison.Ordinal);
        Assert.Contains($"{_registry.Domain}/library/web:v1", shown, StringComparison.Ordinal);
        Assert.Contains("manifests/web.yaml:5", shown, StringComparison.Ordinal);
        Assert.Equal(0, _registry.Requests);
        Assert.Empty(_session.Run("Get-ClusterImage built*"));
    }

    [Fact]
    public void Every_list_of_what_is_returned_has_its_elements_by_number()
    {
        Write("app/Kubefile", "FROM scratch\nCOPY manifests manifests\nAPP web local://manifests/web.yaml\nENV A=b\nLAUNCH web\n");
        var returned = _session.Run(
            $$"""
            Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64, linux/arm64 -WhatIf -InformationVariable told
            $told[0].MessageData
            Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64, linux/arm64 -IgnoredImage * -WarningAction Ignore
            Build-ClusterImage ./app -Tag built:v2 -Platform linux/amd64 {{PlainHttp}}
            Test-ClusterImage built:*
            Optimize-ClusterImageStore -WhatIf
            """);
        Assert.Equal(6, returned.Count);
        var seen = new HashSet<string>();
        foreach (var value in returned)
            Look(value.BaseObject, 0);
        Assert.Contains("ClusterImage.Images", seen);
        Assert.Contains("ContainerImage.AppNames", seen);
        Assert.Contains("PlatformPreview.Instructions", seen);

        // Of a list that PowerShell cannot index, $list[0] is the list itself.
        void Look(object value, int depth)
        {
            if (depth > 6 || value.GetType().Assembly.GetName().Name != "Sealer")
                return;
            foreach (var property in value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0))
            {
                var name = $"{value.GetType().Name}.{property.Name}";
                if (property.GetValue(value) is not { } content || content is string or System.Collections.IDictionary)
                    continue;
                if (content is System.Collections.IEnumerable list)
                {
                    seen.Add(name);
                    Assert.True(content.GetType().IsArray || content.GetType().IsVisible, $"{name} is {content.GetType()}");
                    foreach (var element in list)
                        Look(element, depth + 1);
                }
                else
                {
                    Look(content, depth + 1);
                }
            }
        }
    }

    [Fact]
    public void All_mistakes_of_a_Kubefile_are_told_with_their_places()
    {
        Write("app/Kubefile", "FROM scratch\nCOPPY a b\nCOPY missing /\n");
        _session.Try("Build-ClusterImage ./app -Tag built:v1");
        var error = Assert.Single(_session.Errors);
        Assert.StartsWith("InvalidKubefile,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.InvalidArgument, error.CategoryInfo.Category);
        Assert.Contains("Kubefile:2:1", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Kubefile:3:6", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_Kubefile_is_found_beside_the_user_and_in_the_context()
    {
        Write("app/Other", "FROM scratch\nCOPY manifests manifests\nLABEL from=context\n");
        Write("Here", "FROM scratch\nCOPY manifests manifests\nLABEL from=here\n");
        Assert.Equal("context", From("Other"));
        Assert.Equal("here", From("./Here"));

        string From(string file) => _session.Run($"(Build-ClusterImage ./app -File {file} -Tag built:v1 -Mode Lite).Labels['from']")[0].ToString();
    }

    [Fact]
    public void Lists_and_archives_are_found_beside_the_user()
    {
        _session.Run($"Receive-ClusterImage {_registry.Domain}/library/web:v1 -PlainHttp | Export-ClusterImage -Path ./web.tar");
        Write("more.txt", $"{_registry.Domain}/library/more:v1\n");
        _registry.Add("library/more", "v1", content: "more");
        var images = _session.Run(
            $"(Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64 -ImageList ./more.txt -ImageArchive oci-archive:./web.tar {PlainHttp}).ContainerImages.Image");
        Assert.Equal(2, images.Count);
        _session.Run($"Remove-ClusterImage {_registry.Domain}/library/web:v1");
    }

    [Fact]
    public void Images_are_left_out_by_pattern() => Assert.Empty(_session.Run(
        $"(Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64 -IgnoredImage '{_registry.Domain}/*' {PlainHttp}).ContainerImages"));

    [Fact]
    public void A_missing_container_image_is_an_error_that_names_it()
    {
        Write("app/manifests/web.yaml", $"kind: Pod\nspec:\n  containers:\n  - image: {_registry.Domain}/library/nothing:v1\n");
        _session.Try($"Build-ClusterImage ./app -Tag built:v1 -Platform linux/amd64 {PlainHttp}");
        Assert.Contains("library/nothing:v1", Assert.Single(_session.Errors).ToString(), StringComparison.Ordinal);
        Assert.Empty(_session.Run("Get-ClusterImage built*"));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
