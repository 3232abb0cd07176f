package gatewarden;

import static org.springframework.security.config.Customizer.withDefaults;

import java.io.IOException;
import java.io.OutputStream;
import java.security.Principal;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.SpringSecurityCoreVersion;
import org.springframework.security.crypto.password.NoOpPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Spring Security's logins and authorization server, each as Spring Boot configures it. */
@SpringBootApplication
@RestController
public class Spring {
  /** What Spring Boot has where the authorization server's starter is. */
  @Bean
  @Order(1)
  SecurityFilterChain authorizationServer(HttpSecurity http) throws Exception {
    return http
        .oauth2AuthorizationServer(server -> http.securityMatcher(server.getEndpointsMatcher()))
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .exceptionHandling(
            exceptions ->
                exceptions.defaultAuthenticationEntryPointFor(
                    new LoginUrlAuthenticationEntryPoint("/login"),
                    new MediaTypeRequestMatcher(MediaType.TEXT_HTML)))
        .build();
  }

  /** What it has where no more than spring-boot-starter-security is. */
  @Bean
  @Order(2)
  SecurityFilterChain application(HttpSecurity http) throws Exception {
    return http
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .formLogin(withDefaults())
        .httpBasic(withDefaults())
        .build();
  }

  /** BCrypt for each guess would be all that the tests' two processors do. */
  @Bean
  @SuppressWarnings("deprecation")
  PasswordEncoder passwordEncoder() {
    return NoOpPasswordEncoder.getInstance();
  }

  @GetMapping({"/", "/account"})
  public String home(Principal user) {
    return "Signed in as " + user.getName();
  }

  /** Serves until standard input ends, as it does with whoever started this. */
  public static void main(String[] args) throws IOException {
    String port =
        SpringApplication.run(Spring.class, args).getEnvironment().getProperty("local.server.port");
    String version =
        "Spring Boot " + SpringBootVersion.getVersion()
            + ", Spring Security " + SpringSecurityCoreVersion.getVersion();
    System.out.printf("{\"address\": \"127.0.0.1:%s\", \"version\": \"%s\"}%n", port, version);
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(0);
  }
}
